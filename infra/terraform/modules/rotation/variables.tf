variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "secret_arns" {
  description = "Secrets by name; rotated are database, redis and tokens."
  type        = map(string)
}

variable "key_arn" {
  description = "The key of data at rest."
  type        = string
}

variable "database" {
  description = "Postgres' primary: id and ARN."
  type        = object({ id = string, arn = string })
}

variable "redis" {
  description = "The Redis Cluster: id and ARN."
  type        = object({ id = string, arn = string })
}

variable "cluster_arn" {
  description = "The ECS cluster whose services read the secrets."
  type        = string
}

variable "services" {
  description = "Services by secret that begin anew after its rotation."
  type        = map(list(string))
  default = {
    database = ["gateway", "worker"]
    redis    = ["gateway", "worker"]
    tokens   = ["gateway"]
  }
}

variable "schedules" {
  description = "When each secret is rotated, in UTC. The tokens' key is a new one after every second time."
  type        = map(string)
  default = {
    database = "cron(0 4 2 * ? *)"
    redis    = "cron(0 4 9 * ? *)"
    tokens   = "cron(0 4 16 * ? *)"
  }
}

variable "package" {
  description = "The function as a zip file; scripts/package-rotation makes it."
  type        = string
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: see README.md."
  type        = bool
}

variable "alarm_topic_arn" {
  description = "Where alarms go."
  type        = string
}
