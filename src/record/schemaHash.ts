/** Digest of the schema of events. A record with another digest is not judged. */
import * as Schema from "effect/Schema"
import { hash, toHex } from "../core/math/hash.ts"
import { Entry } from "../core/schema/Event.ts"

export const SCHEMA_HASH = toHex(hash(JSON.stringify(Schema.toJsonSchemaDocument(Entry))))
