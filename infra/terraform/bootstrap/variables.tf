variable "region" {
  description = "The region of the states and the images."
  type        = string
  default     = "eu-central-1"
}

variable "protected" {
  description = "Whether states and images refuse to be deleted."
  type        = bool
  default     = true
}

variable "emulated" {
  description = "Whether AWS is an emulator: for scripts/test-infra alone."
  type        = bool
  default     = false
}
