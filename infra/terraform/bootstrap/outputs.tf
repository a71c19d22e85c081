output "state_bucket" {
  description = "Bucket of the states, for backend.hcl of each environment."
  value       = aws_s3_bucket.state.id
}

output "repositories" {
  description = "Where images are pushed, by program."
  value       = { for program, repository in aws_ecr_repository.this : program => repository.repository_url }
}
