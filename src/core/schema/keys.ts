/** What a key of the configuration file is made of. */
import * as Schema from "effect/Schema"

/**
 * A key that may be left out. The default is an annotation that `schemaKeys.ts` fills in before decoding: as a decoding step of
 * its own it would be a second pass, and mistakes of the first would hide those of the second.
 */
export function key<S extends Schema.Top>(schema: S, fallback: S["Encoded"], description: string): S["Rebuild"] {
  return schema.annotate({ description, default: fallback } as never)
}

/** A key whose value is never shown: not in messages, not in what `check` prints, not in the core's configuration. */
export function secret<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ secret: true } as never)
}

/**
 * A key of later work: it is checked as what it will be, and is left out of what is in force. The default is what it will have,
 * and is never filled in.
 */
export function later<S extends Schema.Top>(schema: S, fallback: S["Encoded"], description: string) {
  return Schema.optionalKey(schema.annotate({ description, default: fallback, later: true } as never))
}

/** A key that protects: left empty by the environment it would protect nobody, without a word. */
export function protective<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ protects: true } as never)
}

/** A key that has to be written; the example shows how. */
export function required<S extends Schema.Top>(schema: S, example: S["Encoded"], description: string): S["Rebuild"] {
  return schema.annotate({ description, examples: [example] } as never)
}

/** A section that may be left out as a whole. */
export function section<const F extends Schema.Struct.Fields>(fields: F) {
  return Schema.Struct(fields).annotate({ default: {} as never })
}
