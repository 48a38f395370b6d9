/** The resource of all telemetry: the program's name and version, and the attributes that its user adds. */
import * as Resource from "@effect/opentelemetry/Resource"
import type { TelemetryOptions } from "./options.ts"

export const resource = ({ serviceName, attributes }: TelemetryOptions, version: string) =>
  Resource.layer({ serviceName, serviceVersion: version, attributes })
