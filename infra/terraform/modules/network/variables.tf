variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC, a /16: each subnet is a /20 of it."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "It must be an IPv4 network of 16 bits, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones, two or three of the region's."
  type        = list(string)

  validation {
    condition     = contains([2, 3], length(var.zones)) && length(distinct(var.zones)) == length(var.zones)
    error_message = "There must be two or three zones, none of them twice."
  }
}

variable "nat_in_each_zone" {
  description = "Whether each zone has its own NAT gateway, so that the loss of one zone cuts off no other."
  type        = bool
}

variable "proxy_cidrs" {
  description = "Networks other than CloudFront's that the load balancer answers, such as Cloudflare's."
  type        = list(string)
}

variable "emulated" {
  description = "Whether AWS is an emulator, which knows no networks of CloudFront and forgets some descriptions."
  type        = bool
}
