/** Keys that have no effect yet, with the ranges and defaults that they will have. */
import * as Schema from "effect/Schema"
import { later } from "./keys.ts"
import { formed, whole } from "./units.ts"

const Workers = formed(Schema.Union([Schema.Literal("auto"), whole(1, 1024)]), {
  expected: "auto, or a whole number from 1 to 1024",
  json: { anyOf: [{ enum: ["auto"] }, { type: "integer", minimum: 1, maximum: 1024 }] }
})

export const perCandidate = later(whole(1, 1_000_000), 1024, "Most connections to one candidate at once")
export const rescue = later(
  Schema.Literals(["tls", "any", "off"]),
  "tls",
  "Which clients get a second socket when their warm socket is dead"
)
export const onCandidateDeath = later(
  Schema.Literals(["keep", "reset"]),
  "keep",
  "What happens to sessions when their candidate is shut out"
)
export const workers = later(Workers, 1, "Number of processes that serve")
