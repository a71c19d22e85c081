# Who may speak to whom. Each rule is a resource of its own, so that a change of one leaves the others alone.

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.emulated ? 0 : 1

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

locals {
  # TEST-NET-3 of RFC 5737, which nobody has.
  cloudfront_cidrs = var.emulated ? ["203.0.113.0/24"] : [
    for entry in data.aws_ec2_managed_prefix_list.cloudfront[0].entries : entry.cidr
  ]

  groups = {
    balancer = "The load balancer"
    gateway  = "Gateways"
    worker   = "Workers and one-off tasks"
    database = "Postgres"
    cache    = "Redis"
  }

  # Within the VPC: who may open connections to whom, and where.
  inner = {
    gateway_from_balancer = { to = "gateway", from = "balancer", port = local.ports.gateway }
    database_from_gateway = { to = "database", from = "gateway", port = local.ports.database }
    database_from_worker  = { to = "database", from = "worker", port = local.ports.database }
    cache_from_gateway    = { to = "cache", from = "gateway", port = local.ports.cache }
    cache_from_worker     = { to = "cache", from = "worker", port = local.ports.cache }
  }

  # Beyond it: AWS' own services and identity providers by HTTPS, Stripe, the mail server.
  outer = {
    gateway_https   = { from = "gateway", port = 443 }
    worker_https    = { from = "worker", port = 443 }
    worker_mail     = { from = "worker", port = 587 }
    worker_mail_tls = { from = "worker", port = 465 }
  }

  ports = { gateway = 8080, database = 5432, cache = 6379 }
}

resource "aws_security_group" "this" {
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  count = var.emulated ? 0 : 1

  security_group_id = aws_security_group.this["balancer"].id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "proxy" {
  for_each = toset(var.proxy_cidrs)

  security_group_id = aws_security_group.this["balancer"].id
  description       = "Another proxy"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "inner" {
  for_each = local.inner

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = var.emulated ? null : "From ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "inner" {
  for_each = local.inner

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = var.emulated ? null : "To ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "outer" {
  for_each = local.outer

  security_group_id = aws_security_group.this[each.value.from].id
  description       = "To services outside"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
