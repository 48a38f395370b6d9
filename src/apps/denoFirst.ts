/**
 * Import this before Effect. Effect 4.1 makes an `AsyncResource` for each suspension of a fiber, inside the one before. Deno
 * 2.9 keeps the whole chain: some 400 bytes a suspension for as long as the fiber lives.
 *
 * Effect finds `AsyncResource` through `process.getBuiltinModule` while it is loaded. On Deno this file hides that function
 * meanwhile, and Effect then does without. No code here uses async context. `restore` ends the hiding.
 */
import process from "node:process"

const holder = process as { getBuiltinModule?: unknown }
const hidden = "Deno" in globalThis ? holder.getBuiltinModule : undefined
if (hidden !== undefined) holder.getBuiltinModule = undefined

/** Shows the function again. */
export function restore(): void {
  if (hidden !== undefined) holder.getBuiltinModule = hidden
}
