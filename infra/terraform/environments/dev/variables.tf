variable "region" {
  description = "The region of everything but CloudFront."
  type        = string
  default     = "eu-central-1"
}

variable "domain" {
  description = "Name of the web app and the API, such as tickets.example.org."
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of Route 53 that the domain is in."
  type        = string
}

variable "images" {
  description = "Images of the programs, each with a tag or a digest: gateway, worker, migrate."
  type        = object({ gateway = string, worker = string, migrate = string })
}

variable "alarm_emails" {
  description = "Who is told of alarms and of a budget that is used up."
  type        = list(string)
  default     = []
}

variable "mail" {
  description = "The mail server and the sender, or null: then mails are noted in the log."
  type        = object({ host = string, port = number, from = string, login = bool })
  default     = null
}

variable "payment_provider" {
  description = "simulated or stripe."
  type        = string
  default     = "simulated"
}

variable "sales" {
  description = "Sales that are known before: from when to when at least so many gateways and workers run."
  type = map(object({
    begins = string, ends = string, gateways = number, workers = number
  }))
  default = {}
}

variable "proxy_cidrs" {
  description = "Networks of another proxy before the load balancer, such as Cloudflare's."
  type        = list(string)
  default     = []
}

variable "rates" {
  description = "Requests that one address may make in five minutes: of any kind, to sign in or register, to buy."
  type        = object({ all = optional(number), accounts = optional(number), purchase = optional(number) })
  default     = {}
}

variable "settings" {
  description = "More environment variables, by program: common (all), gateway, worker, migrate."
  type = object({
    common  = optional(map(string), {})
    gateway = optional(map(string), {})
    worker  = optional(map(string), {})
    migrate = optional(map(string), {})
  })
  default = {}
}

variable "rotation_package" {
  description = "The function that rotates secrets, as a zip file; by default where scripts/package-rotation writes it."
  type        = string
  default     = null
}

variable "protected" {
  description = "Whether what holds data refuses to be deleted. Set it to false, apply, and then destroy."
  type        = bool
  default     = false
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: for scripts/test-infra alone."
  type        = bool
  default     = false
}
