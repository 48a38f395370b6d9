/** Who sends: the program's name and version, and what else its user says of it. */
import * as Resource from "@effect/opentelemetry/Resource"
import type { TelemetryOptions } from "./options.ts"

export const resource = ({ serviceName, attributes }: TelemetryOptions, version: string) =>
  Resource.layer({ serviceName, serviceVersion: version, attributes })
