package chatspec

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// WithAzure makes the client one of a deployment of Azure OpenAI. endpoint is the address of the resource, such
// as "https://NAME.openai.azure.com", and apiVersion the date that every request names, such as "2024-10-21". An
// empty deployment means Azure's v1 API, where the model of a request names the deployment and apiVersion may be
// empty (https://learn.microsoft.com/azure/ai-foundry/openai/reference).
//
// The key of [WithAPIKey] goes into the api-key header. For tokens of Microsoft Entra ID, give [WithAPIKeyFunc]
// a function that returns one, and WithKeyHeader("Authorization") after this option.
func WithAzure(endpoint, deployment, apiVersion string) Option {
	return clientOption(func(c *config) error {
		u, err := url.Parse(strings.TrimSpace(endpoint))
		switch {
		case err != nil:
			return errors.New("chatspec: WithAzure: the endpoint is not a URL")
		case u.RawQuery != "":
			return errors.New("chatspec: WithAzure: the endpoint has a query")
		case deployment == "." || deployment == "..":
			return fmt.Errorf("chatspec: WithAzure: %q is not a deployment", deployment)
		case deployment != "" && apiVersion == "":
			return errors.New("chatspec: WithAzure: a deployment needs an API version, such as 2024-10-21")
		}
		path := "/openai/v1"
		if deployment != "" {
			path = "/openai/deployments/" + url.PathEscape(deployment)
		}
		address := strings.TrimRight(u.String(), "/") + path
		if apiVersion != "" {
			address += "?" + url.Values{"api-version": {apiVersion}}.Encode()
		}
		for _, opt := range []Option{WithBaseURL(address), WithKeyHeader("api-key")} {
			if err := opt.applyClient(c); err != nil {
				return fmt.Errorf("%w (WithAzure)", err)
			}
		}
		return nil
	})
}
