output "cluster" {
  description = "The ECS cluster's name."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.arn
}

output "migrate_task" {
  description = "Family of the one-off task."
  value       = aws_ecs_task_definition.migrate.family
}

output "namespace" {
  description = "Namespace of the workers' metrics in CloudWatch."
  value       = local.namespace
}

output "log_groups" {
  description = "Log groups by program."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}
