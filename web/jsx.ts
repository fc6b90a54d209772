// What JSX is turned into when the viewer is made (deploy/web.ts).
export { Fragment, h } from 'preact'
