output "url" {
  description = "Address of the web app and the API."
  value       = module.onsale.url
}

output "origin" {
  description = "The load balancer's name, for another proxy such as Cloudflare."
  value       = module.onsale.origin
}

output "web" {
  description = "Where the web app goes: its bucket, and the distribution whose cache is emptied then."
  value       = { bucket = module.onsale.web_bucket, distribution = module.onsale.web_distribution_id }
}

output "cluster" {
  description = "The ECS cluster, with the services gateway and worker."
  value       = module.onsale.cluster
}

output "migrate_task" {
  description = "Family of the one-off task."
  value       = module.onsale.migrate.task_definition
}

output "migrate_network" {
  description = "Where the one-off task runs, as `aws ecs run-task --network-configuration` takes it."
  value       = module.onsale.migrate.network
}

output "secrets" {
  description = "Secrets by name; partners is yours to write."
  value       = module.onsale.secrets
}

output "log_groups" {
  description = "Log groups by program."
  value       = module.onsale.log_groups
}

output "addresses" {
  description = "Postgres' and Redis' names within the VPC."
  value       = { database = module.onsale.database_address, redis = module.onsale.redis_address }
}
