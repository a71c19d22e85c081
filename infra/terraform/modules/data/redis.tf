# Redis: the gate and the queue. ElastiCache keeps no append-only file (README.md, "Redis without a file"), so orders
# are held by replicas, and everything can be rebuilt from Postgres.

resource "aws_elasticache_subnet_group" "this" {
  count = var.emulated ? 0 : 1

  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  count = var.emulated ? 0 : 1

  name        = var.name
  family      = "redis7"
  description = "Redis of ${var.name}"

  parameter {
    name  = "cluster-enabled"
    value = "yes"
  }

  # What was accepted and is not committed yet must not be evicted.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  # Percent kept free for replication: a full primary that cannot answer its replicas stops the sale.
  parameter {
    name  = "reserved-memory-percent"
    value = "25"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# The provider writes no token without keeping it, so the first one is in the state. The secret's rotation replaces it.
data "aws_secretsmanager_random_password" "redis" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Redis of ${var.name}"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.redis.node_type
  port                 = 6379

  cluster_mode               = "enabled"
  num_node_groups            = var.redis.primaries
  replicas_per_node_group    = var.redis.replicas
  automatic_failover_enabled = true
  multi_az_enabled           = var.redis.replicas > 0

  subnet_group_name    = one(aws_elasticache_subnet_group.this[*].name)
  security_group_ids   = var.emulated ? null : [var.security_group_ids.cache]
  parameter_group_name = var.emulated ? "default.redis7.cluster.on" : aws_elasticache_parameter_group.this[0].name

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.this.arn
  auth_token                 = data.aws_secretsmanager_random_password.redis.random_password
  auth_token_update_strategy = "ROTATE"

  # A snapshot forks the server. Nothing would be restored from one: it is older than Postgres.
  snapshot_retention_limit   = 0
  maintenance_window         = "thu:03:30-thu:04:30"
  auto_minor_version_upgrade = true
  apply_immediately          = false

  lifecycle {
    ignore_changes = [auth_token, auth_token_update_strategy]
  }
}
