package chatspec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"

	"github.com/chatspec/chatspec/api"
)

// DataURL reads a file and returns it as a base64 data: URL, the form in which images and documents are sent
// along (chat.ImageURL.URL, chat.FileInput.FileData). The media type follows the file name, or else the
// content. A file of more than maxBytes is an [*api.TooLargeError] and is not read further; servers have
// limits of their own, often 20 to 50 MiB a request.
func DataURL(path string, maxBytes int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("chatspec: DataURL: %w", err)
	}
	defer f.Close()
	data, err := api.ReadBody(f, maxBytes, 0)
	if _, tooLarge := errors.AsType[*api.TooLargeError](err); tooLarge {
		err = &api.TooLargeError{What: "file", Limit: maxBytes}
	}
	if err != nil {
		return "", fmt.Errorf("chatspec: DataURL: %s: %w", path, err)
	}
	mediaType, _, _ := mime.ParseMediaType(mime.TypeByExtension(filepath.Ext(path)))
	if mediaType == "" {
		mediaType, _, _ = mime.ParseMediaType(http.DetectContentType(data))
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data), nil
}
