# The load balancer: HTTPS alone, and of the gateways' routes those alone that are the world's.

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  subnets            = var.subnet_ids
  security_groups    = [var.security_group_id]

  # Seconds: longer than a long poll (20 s), shorter than gateways keep an idle connection (75 s), so that it is never
  # the gateway that closes a connection on which a request is under way.
  idle_timeout                     = 60
  enable_http2                     = true
  drop_invalid_header_fields       = true
  enable_cross_zone_load_balancing = true
  # What gateways believe of X-Forwarded-For ends with the address that the load balancer has appended.
  xff_header_processing_mode = "append"
  enable_deletion_protection = var.protected

  access_logs {
    bucket  = var.buckets["logs"].id
    prefix  = "balancer"
    enabled = true
  }
}

resource "aws_lb_target_group" "gateway" {
  name        = "${var.name}-gateway"
  vpc_id      = var.vpc_id
  target_type = "ip"
  protocol    = "HTTP"
  port        = var.gateway_port

  # A purchase costs every gateway the same, but long polls do not.
  load_balancing_algorithm_type = "least_outstanding_requests"
  # Seconds: a long poll ends within 20.
  deregistration_delay = 30

  # Whether the process lives. /readyz also says whether Redis and Postgres do: were that asked here, their failing over
  # would have every gateway replaced just then.
  health_check {
    path                = "/healthz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.origin.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "not found"
      status_code  = "404"
    }
  }
}

# Operators' routes (/metrics, /healthz, /readyz) are not among these.
resource "aws_lb_listener_rule" "api" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10

  condition {
    path_pattern {
      values = local.api_paths
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }
}

resource "aws_route53_record" "origin" {
  zone_id = var.zone_id
  name    = local.origin
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = false
  }
}
