# Postgres: the only truth about what is sold.

locals {
  database_name = "onsale"
  database_user = "onsale"

  parameters = {
    # Nobody connects without TLS.
    "rds.force_ssl" = "1"
    # Milliseconds from which a statement is logged: the slowest of a sale, a batch of 1,000 orders, takes some 25.
    log_min_duration_statement = "500"
  }
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres16"
  description = "Postgres of ${var.name}"

  dynamic "parameter" {
    for_each = var.emulated ? {} : local.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Drawn anew by each run, written once: to Postgres and to the secret, never to the state.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 48
  exclude_punctuation = true
}

resource "aws_db_instance" "primary" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = "16"
  instance_class = var.database.instance_class

  allocated_storage     = var.database.storage
  max_allocated_storage = var.database.maximum_storage
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  db_name             = local.database_name
  username            = local.database_user
  password_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  password_wo_version = 1

  multi_az               = var.database.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [var.security_group_ids.database]
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period = 7
  # Both in UTC, when sales sleep.
  backup_window              = "02:00-03:00"
  maintenance_window         = "tue:03:30-tue:04:30"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true

  performance_insights_enabled    = !var.emulated
  performance_insights_kms_key_id = var.emulated ? null : aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection       = var.protected
  skip_final_snapshot       = !var.protected
  final_snapshot_identifier = var.protected ? "${var.name}-final" : null
  delete_automated_backups  = !var.protected

  lifecycle {
    # The minor version moves by itself.
    ignore_changes = [engine_version]
  }
}

resource "aws_db_instance" "replica" {
  count = var.database.replicas

  identifier          = "${var.name}-replica"
  replicate_source_db = aws_db_instance.primary.identifier
  instance_class      = var.database.instance_class

  max_allocated_storage = var.database.maximum_storage
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  parameter_group_name   = aws_db_parameter_group.this.name
  vpc_security_group_ids = [var.security_group_ids.database]
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  maintenance_window         = "wed:03:30-wed:04:30"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true

  performance_insights_enabled    = !var.emulated
  performance_insights_kms_key_id = var.emulated ? null : aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection = var.protected
  # Of a replica there is nothing that the primary's snapshot has not.
  skip_final_snapshot = true

  lifecycle {
    ignore_changes = [engine_version]
  }
}
