/** `fairlead schema`: prints the JSON Schema of the configuration, for editors. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import { ConfigFile } from "../core/schema/ConfigFile.ts"
import { jsonSchema } from "./config/jsonSchema.ts"

export const schema = Command.make(
  "schema",
  {},
  () => Effect.suspend(() => Console.log(JSON.stringify(jsonSchema(ConfigFile.ast), null, 2)))
).pipe(
  Command.withDescription(
    "Print the JSON Schema (draft-07) of the configuration. Editors use it to complete and check the file while you type"
  ),
  Command.withShortDescription("Print the JSON Schema of the configuration"),
  Command.withExamples([{
    command: "fairlead schema > fairlead.schema.json",
    description: "Then put this line first in fairlead.yaml: # yaml-language-server: $schema=fairlead.schema.json"
  }])
)
