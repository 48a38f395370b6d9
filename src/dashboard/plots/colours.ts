/** Colours of the style sheet for a canvas, which cannot read them by itself. They differ between light and dark. */

const known = new Map<string, string>()
const watchers = new Set<() => void>()

/** The colour of a custom property, such as `--line-1`. */
export function colour(property: string): string {
  let found = known.get(property)
  if (found === undefined) {
    const probe = document.createElement("i")
    probe.style.color = `var(${property})`
    document.body.append(probe)
    known.set(property, found = getComputedStyle(probe).color)
    probe.remove()
  }
  return found
}

/** Tells plots that the colours are others now. */
export function themeChanged(): void {
  known.clear()
  for (const watcher of watchers) watcher()
}

/** Calls `changed` when the colours changed. Gives what ends that. */
export function whenThemeChanges(changed: () => void): () => void {
  watchers.add(changed)
  return () => void watchers.delete(changed)
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged)
