/**
 * Writes the JSON Schema of `report.json` from the Effect Schema of the report. With `--check` it says whether the file is up to
 * date.
 */
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { reportSchemaText } from "../src/apps/soak/reportSchema.ts"

const FILE = "docs/soak-report.schema.json"

if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== reportSchemaText()) {
    console.error(`${FILE} is not what the schema says: run node tools/soakSchema.ts`)
    process.exit(1)
  }
} else writeFileSync(FILE, reportSchemaText())
