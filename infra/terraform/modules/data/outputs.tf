output "key_arn" {
  description = "The key of data at rest."
  value       = aws_kms_key.this.arn
}

output "secret_arns" {
  description = "Secrets by name: database, redis, tokens, order-id, images, partners."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }

  # Whoever reads a secret wants its first value to be there.
  depends_on = [
    aws_secretsmanager_secret_version.database, aws_secretsmanager_secret_version.redis,
    aws_secretsmanager_secret_version.tokens, aws_secretsmanager_secret_version.order_id,
    aws_secretsmanager_secret_version.images,
  ]
}

output "buckets" {
  description = "Buckets by what is in them (images, web, logs): name, ARN and address."
  value = {
    for name, bucket in aws_s3_bucket.this : name => {
      id = bucket.id, arn = bucket.arn, address = bucket.bucket_regional_domain_name
    }
  }

  # Logs are refused until the policy is there.
  depends_on = [aws_s3_bucket_policy.logs, aws_s3_bucket_ownership_controls.this]
}

output "database" {
  description = "Postgres' instances: id and ARN of the primary, id of the replica or null."
  value = {
    id         = aws_db_instance.primary.identifier
    arn        = aws_db_instance.primary.arn
    address    = aws_db_instance.primary.address
    replica_id = one(aws_db_instance.replica[*].identifier)
  }
}

output "redis" {
  description = "The Redis Cluster: id, ARN, names of its nodes, and the address that knows them all."
  value = {
    id      = aws_elasticache_replication_group.this.id
    arn     = aws_elasticache_replication_group.this.arn
    nodes   = aws_elasticache_replication_group.this.member_clusters
    address = aws_elasticache_replication_group.this.configuration_endpoint_address
  }
}
