/** The texts of the viewer by path (`/index.html`). Empty in the sources: deploy/bundle.ts puts in what it makes of web/. */
export const viewerFiles: Readonly<Record<string, string>> = {}
