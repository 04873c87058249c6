package chatspecotel

import (
	"net/url"
	"path"
	"strings"
)

// FallbackProvider is the gen_ai.provider.name of a server that none of the conventions' names stands for, such
// as one of the caller's own; see [WithProviderName]. It is not "openai", which would have its tokens counted,
// and priced, as those of OpenAI.
const FallbackProvider = "openai_compatible"

// providerOf returns the name of the provider whose server a URL is on.
func providerOf(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, p := range providers {
		switch match, _ := path.Match(p.host, host); { // the patterns are sound
		case !match:
		case p.name == providerAzureInference && strings.HasPrefix(u.Path, "/openai/"):
			return providerAzureOpenAI // a resource of Foundry has both APIs
		default:
			return p.name
		}
	}
	return FallbackProvider
}
