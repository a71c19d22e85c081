output "target_group_arn" {
  description = "Where gateways register. Known once the load balancer sends requests there."
  value       = aws_lb_target_group.gateway.arn

  depends_on = [aws_lb_listener_rule.api]
}

output "balancer_suffix" {
  description = "The load balancer, as CloudWatch names it."
  value       = aws_lb.this.arn_suffix
}

output "target_group_suffix" {
  description = "The target group, as CloudWatch names it."
  value       = aws_lb_target_group.gateway.arn_suffix
}

output "url" {
  description = "Address of the web app and the API."
  value       = "https://${var.domain}"
}

output "images_url" {
  description = "Address of images."
  value       = "https://${local.images}"
}

output "origin" {
  description = "The load balancer's name, which only CloudFront and the proxies named may come to."
  value       = local.origin
}

output "web_distribution_id" {
  description = "The distribution whose cache is emptied when the web app is replaced."
  value       = aws_cloudfront_distribution.web.id
}

output "firewall_arn" {
  description = "The firewall."
  value       = aws_wafv2_web_acl.this.arn
}
