package exchange

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// minSecretBytes is the length from which on a secret is masked. Shorter ones are placeholders, as servers at
// home want them, and parts of ordinary words.
const minSecretBytes = 8

// Mask is what stands where a secret was.
const Mask = "[masked]"

// credentialHeaders are how the names of headers end that carry secrets, whoever has set them.
var credentialHeaders = []string{"Authorization", "Cookie", "Api-Key", "Subscription-Key", "Token"}

// IsCredential says whether the header of this canonical name carries a secret.
func IsCredential(name string) bool {
	return slices.ContainsFunc(credentialHeaders, func(end string) bool { return strings.HasSuffix(name, end) })
}

// RequestSecrets returns what is secret in the header and the query of a request, as [Secrets] and [MaskedQuery] say.
func RequestSecrets(req *http.Request, keyHeader string) []string {
	all := Secrets(req.Header, keyHeader)
	if req.URL.RawQuery != "" {
		_, inQuery := MaskedQuery(req.URL.RawQuery)
		all = append(all, inQuery...)
	}
	return all
}

// Secrets returns the values in h that are secret: those of keyHeader and of all that [IsCredential] knows.
func Secrets(h http.Header, keyHeader string) (all []string) {
	for name, values := range h {
		if name != keyHeader && !IsCredential(name) {
			continue
		}
		for _, value := range values {
			if scheme, credentials, ok := strings.Cut(value, " "); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic")) {
				value = strings.TrimSpace(credentials)
			}
			if value != "" {
				all = append(all, value)
			}
		}
	}
	return all
}

// Masker hides secrets in texts. It has them in all spellings; one that is a part of another comes behind it.
type Masker []string

// Mask returns a text without the secrets.
func (m Masker) Mask(text string) string {
	for _, secret := range m {
		text = strings.ReplaceAll(text, secret, Mask)
	}
	return text
}

// Masking returns what masks the secrets of a request. The slice is its own from then on.
func Masking(secrets []string) Masker {
	secrets = slices.DeleteFunc(secrets, func(secret string) bool { return len(secret) < minSecretBytes })
	for _, secret := range secrets {
		secrets = append(secrets, escaped(secret)...)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	return secrets
}

// escaped returns a secret as writers of JSON spell it, where that is another spelling: those that escape as
// little as they may, those that escape slashes too (PHP), and those that escape what HTML has a use for (Go).
func escaped(secret string) []string {
	if !strings.ContainsAny(secret, `\"/<>&`) {
		return nil
	}
	bare := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret)
	slashes := strings.ReplaceAll(bare, "/", `\/`)
	html := strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(bare)
	return []string{bare, slashes, html}
}

// MaskedHeader returns h, or one like it if it has a secret: request IDs and media types get into errors.
func MaskedHeader(h http.Header, mask func(string) string) http.Header {
	own := false
	for name, values := range h {
		for i, value := range values {
			text := mask(value)
			if text == value {
				continue
			}
			if !own {
				h, own = h.Clone(), true
			}
			h[name][i] = text
		}
	}
	return h
}

// secretParameters are how the names of query parameters end that carry secrets.
var secretParameters = []string{"key", "token", "secret", "password", "signature", "sig"}

// MaskedQuery returns a query with its secrets masked, and the secrets. Everything else stays as it is written.
func MaskedQuery(query string) (masked string, secrets []string) {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		isSecret := slices.ContainsFunc(secretParameters, func(end string) bool { return strings.HasSuffix(strings.ToLower(name), end) })
		if !ok || value == "" || !isSecret {
			continue
		}
		pairs[i] = name + "=" + Mask
		secrets = append(secrets, value)
		if plain, err := url.QueryUnescape(value); err == nil && plain != value {
			secrets = append(secrets, plain)
		}
	}
	return strings.Join(pairs, "&"), secrets
}
