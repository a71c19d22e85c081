variable "environment" {
  description = "The environment's name: dev, prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "It must be 2 to 12 small letters and digits, since names of load balancers are short."
  }
}

variable "domain" {
  description = "Name of the web app and the API, such as tickets.example.org."
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of Route 53 that the domain is in."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC, a /16."
  type        = string
}

variable "zones" {
  description = "Availability zones, two or three of the region's."
  type        = list(string)
}

variable "nat_in_each_zone" {
  description = "Whether each zone has its own NAT gateway."
  type        = bool
}

variable "proxy_cidrs" {
  description = "Networks beside CloudFront's that the load balancer answers and gateways believe: Cloudflare's."
  type        = list(string)
  default     = []

  # TRUSTED_PROXIES takes a hundred, of which CloudFront has some fifty.
  validation {
    condition     = length(var.proxy_cidrs) <= 40
    error_message = "There may be 40 at most."
  }
}

variable "images" {
  description = "Images of the programs: gateway, worker, migrate (with the command `onsale`). Fixed by tag or digest."
  type        = object({ gateway = string, worker = string, migrate = string })
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
  description = "Sales that are known before: see modules/compute."
  type = map(object({
    begins = string, ends = string, gateways = number, workers = number
  }))
  default = {}
}

variable "database" {
  description = "Postgres: see modules/data."
  type = object({
    instance_class  = string
    storage         = number
    maximum_storage = number
    multi_az        = bool
    replicas        = number
    tls             = optional(string, "sslmode=require")
  })
}

variable "redis" {
  description = "Redis Cluster: the nodes' type, how many primaries, and replicas of each."
  type = object({
    node_type = string
    primaries = number
    replicas  = number
  })
}

variable "wait_replicas" {
  description = "Replicas of Redis that must have an order before it is accepted (REDIS_WAIT_REPLICAS)."
  type        = number
}

variable "partitions" {
  description = "Lanes (PARTITIONS); fixed by the first program that uses the database."
  type        = number
  default     = 16
}

variable "payment_provider" {
  description = "simulated or stripe, whose keys the secret partners must have."
  type        = string

  validation {
    condition     = contains(["simulated", "stripe"], var.payment_provider)
    error_message = "It must be simulated or stripe."
  }
}

variable "mail" {
  description = <<-TEXT
    The mail server and the sender, or null: then mails are noted in the log. With `login` the secret partners must have
    SMTP_USER and SMTP_PASSWORD.
  TEXT
  type        = object({ host = string, port = number, from = string, login = bool })

  validation {
    condition     = var.mail == null || contains([465, 587], try(var.mail.port, 0))
    error_message = "Workers reach mail servers at the ports 465 and 587 alone: see modules/network."
  }
}

variable "settings" {
  description = <<-TEXT
    More environment variables, by program: common (all), gateway, worker, migrate. README.md of Onsale lists them. None
    is secret, and none is one that this module sets.
  TEXT
  type = object({
    common  = optional(map(string), {})
    gateway = optional(map(string), {})
    worker  = optional(map(string), {})
    migrate = optional(map(string), {})
  })
  default = {}
}

variable "rates" {
  description = "Requests that one address may make in five minutes: see modules/edge."
  type        = object({ all = optional(number), accounts = optional(number), purchase = optional(number) })
  default     = {}
}

variable "rotation_package" {
  description = "The function that rotates secrets, as a zip file; scripts/package-rotation makes it."
  type        = string
}

variable "alarm_emails" {
  description = "Who is told of alarms and of a budget that is used up."
  type        = list(string)
}

variable "budget" {
  description = "US dollars that a month may cost before mails say so."
  type        = number
}

variable "trail" {
  description = "Whether this environment keeps the account's CloudTrail: one of an account's environments should."
  type        = bool
}

variable "log_days" {
  description = "Days that logs are kept: one of the numbers that CloudWatch knows (7, 30, 90, 365)."
  type        = number
}

variable "protected" {
  description = "Whether what holds data refuses to be deleted, and a last snapshot is taken of Postgres."
  type        = bool
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: see README.md."
  type        = bool
}
