package generate

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// apply changes the document as an OpenAPI Overlay says. A target that matches nothing is a mistake.
func (d *document) apply(file File) error {
	node, err := parse(file)
	if err != nil {
		return err
	}
	if root := node.Content[0]; root.Kind != yaml.MappingNode {
		return DocumentErrors{{File: file.Name, Line: root.Line, Reason: "want an OpenAPI Overlay, which is an object"}}
	}
	var o overlay.Overlay
	if err := node.Decode(&o); err != nil {
		return DocumentErrors{yamlProblem(file.Name, err)}
	}
	if err := checkOverlay(file.Name, node.Content[0], &o); err != nil {
		return err
	}
	var problems DocumentErrors
	for i, action := range o.Actions {
		one := o
		one.Actions = []overlay.Action{action}
		if _, err := one.ApplyToStrict(d.root); err != nil {
			problems = append(problems, actionProblem(file.Name, node.Content[0], i, "target", err.Error()))
		}
	}
	unique(d.root)
	d.attribute(file.Name)
	return problems.orNil()
}

// unique drops what stands twice in lists that are sets. Overlays append to lists, and two of them may bring the
// same field.
func unique(node *yaml.Node) {
	for key, value := range members(node) {
		if value.Kind == yaml.SequenceNode && slices.Contains([]string{"type", "required", "enum"}, key) {
			seen := map[string]bool{}
			value.Content = slices.DeleteFunc(value.Content, func(n *yaml.Node) bool {
				again := n.Kind == yaml.ScalarNode && seen[n.Value]
				seen[n.Value] = true
				return again
			})
		}
	}
	for _, child := range node.Content {
		unique(child)
	}
}

// checkOverlay finds what the library does not, or says without a place.
func checkOverlay(name string, root *yaml.Node, o *overlay.Overlay) error {
	var problems DocumentErrors
	if err := o.Validate(); err != nil {
		var all overlay.ValidationErrors
		if !errors.As(err, &all) {
			all = overlay.ValidationErrors{err}
		}
		for _, err := range all {
			problems = append(problems, DocumentError{File: name, Line: root.Line, Pointer: "#", Reason: err.Error()})
		}
	}
	for i, action := range o.Actions {
		if action.Update.IsZero() && !action.Remove && action.Copy == "" {
			problems = append(problems, actionProblem(name, root, i, "", "the action has neither update nor remove nor copy"))
		}
	}
	return problems.orNil()
}

// actionProblem is what is wrong with one action, or with what it has under a key.
func actionProblem(name string, root *yaml.Node, i int, key, reason string) DocumentError {
	path := []string{"actions", strconv.Itoa(i)}
	if key != "" {
		path = append(path, key)
	}
	place := &document{name: name, root: root, origins: map[*yaml.Node]origin{}}
	place.attribute(name)
	return place.problem(path, "%s", strings.TrimPrefix(reason, "error applying overlay (strict): "))
}
