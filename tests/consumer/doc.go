// Package stranger is a module that imports chatspec as anybody would: by its import paths, read-only, with
// nothing of the repository's own machinery. Clumsy types and unwanted dependencies show here first.
package stranger
