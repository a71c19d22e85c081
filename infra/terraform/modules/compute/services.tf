resource "aws_ecs_service" "gateway" {
  name            = "gateway"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.gateway.arn
  launch_type     = "FARGATE"
  desired_count   = var.gateway.minimum
  propagate_tags  = "SERVICE"

  # New ones come before old ones go.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  # Seconds within which the load balancer's health check does not count: a gateway waits for Postgres first.
  health_check_grace_period_seconds = 60
  availability_zone_rebalancing     = "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = [var.security_group_ids.gateway]
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = "gateway"
    container_port   = var.gateway_port
  }

  lifecycle {
    # Scaling decides.
    ignore_changes = [desired_count]
  }

  depends_on = [aws_iam_role_policy.start]
}

resource "aws_ecs_service" "worker" {
  name            = "worker"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.worker.arn
  launch_type     = "FARGATE"
  desired_count   = var.worker.minimum
  propagate_tags  = "SERVICE"

  # A lane has one owner, so new workers beside old ones are harmless, and take over as those hand their lanes back.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = [var.security_group_ids.worker]
  }

  lifecycle {
    # Scaling decides.
    ignore_changes = [desired_count]
  }

  depends_on = [aws_iam_role_policy.start]
}
