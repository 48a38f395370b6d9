/** What a key of the configuration file is made of. */
import * as Schema from "effect/Schema"

/**
 * A key that may be left out. The default is an annotation that `schemaKeys.ts` fills in before decoding: as a decoding step it
 * would need a second pass, and mistakes in the first would hide those in the second.
 */
export function key<S extends Schema.Top>(schema: S, fallback: S["Encoded"], description: string): S["Rebuild"] {
  return schema.annotate({ description, default: fallback } as never)
}

/** A key with a value that is never shown: not in messages, in the output of `check`, or in the core's configuration. */
export function secret<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ secret: true } as never)
}

/** A key of later work. It is checked as it will be, and is left out of the settings. Its default is never filled in. */
export function later<S extends Schema.Top>(schema: S, fallback: S["Encoded"], description: string) {
  return Schema.optionalKey(schema.annotate({ description, default: fallback, later: true } as never))
}

/** A key that protects. An empty environment variable must not set it, because it would turn the protection off unseen. */
export function protective<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ protects: true } as never)
}

/** A key or a section that is read at the start alone, because it is bound or opened once. A reload leaves it as it was. */
export function atStart<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ atStart: true } as never)
}

/** A key of such a section that a reload brings into force nevertheless. */
export function hot<S extends Schema.Top>(schema: S): S["Rebuild"] {
  return schema.annotate({ atStart: false } as never)
}

/** A key that has to be written. The example shows how. */
export function required<S extends Schema.Top>(schema: S, example: S["Encoded"], description: string): S["Rebuild"] {
  return schema.annotate({ description, examples: [example] } as never)
}

/** A section that may be left out as a whole. */
export function section<const F extends Schema.Struct.Fields>(fields: F) {
  return Schema.Struct(fields).annotate({ default: {} as never })
}
