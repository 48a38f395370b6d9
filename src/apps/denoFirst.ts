/**
 * To be imported before Effect. Effect 4.1 makes an `AsyncResource` for each suspension of a fiber, inside the one before;
 * Deno 2.9 keeps the whole chain alive, some 400 bytes a suspension for as long as the fiber lives. It finds `AsyncResource`
 * through `process.getBuiltinModule` while it is loaded: hidden for that moment on Deno, it does without. Nothing here uses
 * async context. `restore` puts it back.
 */
import process from "node:process"

const holder = process as { getBuiltinModule?: unknown }
const hidden = "Deno" in globalThis ? holder.getBuiltinModule : undefined
if (hidden !== undefined) holder.getBuiltinModule = undefined

/** Puts back what was hidden. */
export function restore(): void {
  if (hidden !== undefined) holder.getBuiltinModule = hidden
}
