output "url" {
  description = "Address of the web app and the API."
  value       = module.edge.url
}

output "images_url" {
  description = "Address of images."
  value       = module.edge.images_url
}

output "origin" {
  description = "The load balancer's name, for another proxy such as Cloudflare."
  value       = module.edge.origin
}

output "web_bucket" {
  description = "Bucket that the web app's files are copied to."
  value       = module.data.buckets["web"].id
}

output "web_distribution_id" {
  description = "The distribution whose cache is emptied when the web app is replaced."
  value       = module.edge.web_distribution_id
}

output "cluster" {
  description = "The ECS cluster, with the services gateway and worker."
  value       = module.compute.cluster
}

# Arguments of `aws ecs run-task`: see README.md.
output "migrate" {
  description = "The one-off task: its family, and where it runs."
  value = {
    task_definition = module.compute.migrate_task
    network = join("", [
      "awsvpcConfiguration={subnets=[", join(",", module.network.private_subnet_ids), "],securityGroups=[",
      module.network.security_group_ids["worker"], "],assignPublicIp=DISABLED}",
    ])
  }
}

output "secrets" {
  description = "Secrets by name; partners is yours to write."
  value       = module.data.secret_arns
}

output "log_groups" {
  description = "Log groups by program."
  value       = module.compute.log_groups
}

output "alarm_topic_arn" {
  description = "Where alarms go."
  value       = module.observability.alarm_topic_arn
}

output "database_address" {
  description = "Postgres' name within the VPC."
  value       = module.data.database.address
}

output "redis_address" {
  description = "Redis' name within the VPC."
  value       = module.data.redis.address
}
