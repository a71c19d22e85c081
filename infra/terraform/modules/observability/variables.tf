variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "vpc_id" {
  description = "The VPC whose refused connections are logged."
  type        = string
}

variable "logs_bucket" {
  description = "Bucket of logs: name and ARN."
  type        = object({ id = string, arn = string })
}

variable "key_arn" {
  description = "The key of data at rest."
  type        = string
}

variable "alarm_emails" {
  description = "Who is told of alarms and of a budget that is used up. Each address must confirm a mail from AWS."
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

variable "balancer_suffix" {
  description = "The load balancer, as CloudWatch names it."
  type        = string
}

variable "target_group_suffix" {
  description = "The target group, as CloudWatch names it."
  type        = string
}

variable "cluster" {
  description = "The ECS cluster's name."
  type        = string
}

variable "database" {
  description = "Postgres' instances: id of the primary, id of the replica or null, gigabytes of storage at first."
  type        = object({ id = string, replica_id = string, storage = number })
}

variable "redis_nodes" {
  description = "Names of the Redis nodes."
  type        = list(string)
}

variable "redis_node_count" {
  description = "How many they are, which is known before they are made."
  type        = number
}

variable "namespace" {
  description = "Namespace of the workers' metrics."
  type        = string
}

variable "partitions" {
  description = "Lanes (PARTITIONS)."
  type        = number
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: see README.md."
  type        = bool
}
