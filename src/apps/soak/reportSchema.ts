/** The JSON Schema (draft 2020-12) of a report. */
import * as Schema from "effect/Schema"
import { Report } from "./Report.ts"

export function reportSchemaText(): string {
  const { schema, definitions } = Schema.toJsonSchemaDocument(Report)
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Report of fairlead soak",
    ...schema,
    $defs: definitions
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
