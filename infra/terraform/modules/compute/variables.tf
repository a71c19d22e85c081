variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "images" {
  description = "Images of the programs: gateway, worker, migrate (with the command `onsale`). Fixed by tag or digest."
  type        = object({ gateway = string, worker = string, migrate = string })

  validation {
    condition = alltrue([
      for image in values(var.images) : can(regex("(:|@)[^/]+$", image)) && !endswith(image, ":latest")
    ])
    error_message = "Each image must have a tag or a digest, and not the tag latest: what runs must not change unasked."
  }
}

variable "collector_image" {
  description = "Image of the collector beside each worker: AWS Distro for OpenTelemetry."
  type        = string
  default     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
}

variable "gateway" {
  description = "Gateways: CPU units (1024 are a core), MiB, and how many there are at least and at most."
  type        = object({ cpu = number, memory = number, minimum = number, maximum = number })
}

variable "worker" {
  description = "Workers: CPU units (1024 are a core), MiB, and how many there are at least and at most."
  type        = object({ cpu = number, memory = number, minimum = number, maximum = number })
}

variable "sales" {
  description = <<-TEXT
    Sales that are known before: from when to when (cron or at expressions in UTC) at least so many gateways and workers
    run. Scaling by load takes minutes, and a sale is over by then.
  TEXT
  type = map(object({
    begins = string, ends = string, gateways = number, workers = number
  }))
}

variable "cpu_target" {
  description = "Percent of CPU at which gateways are kept."
  type        = number
  default     = 50
}

variable "request_target" {
  description = "Requests a minute at which each gateway is kept: 2,000 a second."
  type        = number
  default     = 120000
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of gateways and workers: gateway, worker."
  type        = map(string)
}

variable "gateway_port" {
  description = "Where gateways listen."
  type        = number
}

variable "target_group_arn" {
  description = "Where gateways register."
  type        = string
}

variable "balancer_suffix" {
  description = "The load balancer, as CloudWatch names it."
  type        = string
}

variable "target_group_suffix" {
  description = "The target group, as CloudWatch names it."
  type        = string
}

variable "secret_arns" {
  description = "Secrets by name: database, redis, tokens, order-id, images, partners."
  type        = map(string)
}

variable "key_arn" {
  description = "The key of data at rest."
  type        = string
}

variable "environment" {
  description = "Environment variables by program: common (all), gateway, worker, migrate. None is secret."
  type        = object({ common = map(string), gateway = map(string), worker = map(string), migrate = map(string) })
}

variable "secrets" {
  description = "Environment variables that come from secrets, by program: the variable and the name of its secret."
  type        = object({ common = map(string), gateway = map(string), worker = map(string), migrate = map(string) })
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
}
