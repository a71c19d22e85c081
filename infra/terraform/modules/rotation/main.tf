data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  cluster   = element(split("/", var.cluster_arn), 1)

  rotated  = toset(["database", "redis", "tokens"])
  services = distinct(flatten(values(var.services)))
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/rotation"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-rotation"
  description        = "Rotates secrets"
  assume_role_policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "function" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "rotation"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid = "Secrets"
    actions = [
      "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = sort([for secret in local.rotated : var.secret_arns[secret]])
  }

  statement {
    sid       = "Draw"
    actions   = ["secretsmanager:GetRandomPassword"]
    resources = ["*"] # This action knows no resource.
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Database"
    actions   = ["rds:DescribeDBInstances", "rds:ModifyDBInstance"]
    resources = [var.database.arn]
  }

  statement {
    sid       = "Redis"
    actions   = ["elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup"]
    resources = [var.redis.arn]
  }

  statement {
    sid     = "Services"
    actions = ["ecs:UpdateService"]
    resources = [
      for service in local.services :
      "arn:${local.partition}:ecs:${local.region}:${local.account}:service/${local.cluster}/${service}"
    ]
  }
}

resource "aws_lambda_function" "this" {
  function_name    = "${var.name}-rotation"
  description      = "Rotates secrets and has the services begin anew"
  role             = aws_iam_role.this.arn
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "python3.12"
  handler          = "rotate.handler"
  memory_size      = 128
  # Seconds, and the most there is: Postgres and Redis take minutes to change a password.
  timeout = 900

  environment {
    variables = {
      DATABASE_ID = var.database.id
      REDIS_ID    = var.redis.id
      CLUSTER     = var.cluster_arn
      SERVICES    = jsonencode(var.services)
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_permission" "this" {
  for_each = local.rotated

  statement_id   = "rotate-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "secretsmanager.amazonaws.com"
  source_account = local.account
  source_arn     = var.secret_arns[each.key]
}

# Redis at once, since its first token is in the state of Terraform.
resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = var.emulated ? toset([]) : local.rotated

  secret_id           = var.secret_arns[each.key]
  rotation_lambda_arn = aws_lambda_function.this.arn
  rotate_immediately  = each.key == "redis"

  rotation_rules {
    schedule_expression = var.schedules[each.key]
    duration            = "2h"
  }

  depends_on = [aws_lambda_permission.this]
}

# A rotation that fails leaves a password that nobody may know.
resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${var.name}-rotation-failed"
  alarm_description   = "A secret could not be rotated: see the log /${var.name}/rotation."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}
