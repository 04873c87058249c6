package generate

import (
	"fmt"
	"iter"

	"gopkg.in/yaml.v3"
)

// get returns what a path of keys and indices leads to, nil where there is nothing.
func get(node *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if node == nil {
			return nil
		}
		_, node = member(node, key)
	}
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// text returns the scalar under a key, empty where there is none.
func text(node *yaml.Node, key string) string {
	if found := get(node, key); found != nil && found.Kind == yaml.ScalarNode {
		return found.Value
	}
	return ""
}

// asksPointer says whether a schema asks that an optional field of it be a pointer.
func asksPointer(node *yaml.Node) bool {
	return text(node, "x-go-type-skip-optional-pointer") == "false"
}

// members ranges over an object in the order of the document.
func members(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if node = get(node); node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, get(node.Content[i+1])) {
				return
			}
		}
	}
}

// elements returns the elements of an array.
func elements(node *yaml.Node) []*yaml.Node {
	if node = get(node); node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	list := make([]*yaml.Node, len(node.Content))
	for i, element := range node.Content {
		list[i] = get(element)
	}
	return list
}

// values returns the scalars of an array, or one scalar alone.
func values(node *yaml.Node) []string {
	if node != nil && node.Kind == yaml.ScalarNode {
		return []string{node.Value}
	}
	var list []string
	for _, element := range elements(node) {
		list = append(list, element.Value)
	}
	return list
}

func keyText(key any) string { return fmt.Sprint(key) }
