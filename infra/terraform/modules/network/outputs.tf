output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer, one in each zone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets of containers and stores, one in each zone."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "security_group_ids" {
  description = "Security groups by what is in them: balancer, gateway, worker, database, cache."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "ports" {
  description = "Ports that the security groups open, by what listens there: gateway, database, cache."
  value       = local.ports
}

output "trusted_proxies" {
  description = "Networks whose X-Forwarded-For is believed: the load balancer's, CloudFront's, those of other proxies."
  value = concat(
    [for zone in var.zones : aws_subnet.public[zone].cidr_block], sort(local.cloudfront_cidrs), sort(var.proxy_cidrs)
  )
}
