output "function_name" {
  description = "The function that rotates."
  value       = aws_lambda_function.this.function_name
}
