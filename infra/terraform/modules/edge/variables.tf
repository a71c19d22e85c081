variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "domain" {
  description = "Name of the web app and the API, such as tickets.example.org."
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of Route 53 that the domain is in."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets of the load balancer."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "gateway_port" {
  description = "Where gateways listen."
  type        = number
}

variable "buckets" {
  description = "Buckets by what is in them (images, web, logs): name, ARN and address."
  type        = map(object({ id = string, arn = string, address = string }))
}

variable "rates" {
  description = "Requests that one address may make in five minutes: of any kind, to sign in or register, to buy."
  type = object({
    all      = optional(number, 6000)
    accounts = optional(number, 600)
    purchase = optional(number, 1500)
  })

  validation {
    condition     = alltrue([for rate in values(var.rates) : rate >= 10])
    error_message = "WAF counts no fewer than 10 requests."
  }
}

variable "protected" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: see README.md."
  type        = bool
}
