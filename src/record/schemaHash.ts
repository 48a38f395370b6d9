/** Digest of the event schema: a record written under another shape of events is not judged. */
import * as Schema from "effect/Schema"
import { hash, toHex } from "../core/math/hash.ts"
import { EntrySchema } from "../core/schema/Event.ts"

export const SCHEMA_HASH = toHex(hash(JSON.stringify(Schema.toJsonSchemaDocument(EntrySchema))))
