// Checks what a keyledger registry says of its log with Go's own packages for transparency logs, and nothing of keyledger.
//
//	outsider checkpoint  KEY CHECKPOINT          the checkpoint is signed by the key
//	outsider inclusion   KEY PROOF EVENT         the proof's checkpoint covers the event (c2sp.org/tlog-proof)
//	outsider consistency KEY CHECKPOINT PROOF    the proof's checkpoint has grown out of the other (c2sp.org/tlog-witness)
//	outsider tiles       KEY CHECKPOINT URL      the same without a proof, from the tiles that are served below the URL
//
// KEY is a verifier key, name+hash+key; the others but URL are files. Exit status 1 where anything does not hold.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "outsider:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: outsider checkpoint|inclusion|consistency|tiles KEY FILE …")
	}
	what, key, rest := args[0], args[1], args[2:]
	switch {
	case what == "checkpoint" && len(rest) == 1:
		text, err := os.ReadFile(rest[0])
		if err != nil {
			return err
		}
		tree, err := open(key, text)
		if err != nil {
			return err
		}
		fmt.Printf("signed: %d events, root %s\n", tree.N, tree.Hash)
		return nil
	case what == "inclusion" && len(rest) == 2:
		return inclusion(key, rest[0], rest[1])
	case what == "consistency" && len(rest) == 2:
		return consistency(key, rest[0], rest[1])
	case what == "tiles" && len(rest) == 2:
		return tiles(key, rest[0], rest[1])
	}
	return fmt.Errorf("%s takes other arguments", what)
}

// open checks the signature of a checkpoint, and reads it.
func open(key string, text []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("the note is no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// split takes a proof apart: the number in the line that begins with the name, the hashes, and the checkpoint behind them.
func split(text, head, name string) (number int64, hashes []tlog.Hash, checkpoint string, err error) {
	proof, checkpoint, found := strings.Cut(strings.TrimPrefix(text, head), "\n\n")
	if !strings.HasPrefix(text, head) || !found {
		return 0, nil, "", errors.New("this is no such proof")
	}
	lines := strings.Split(proof, "\n")
	if !strings.HasPrefix(lines[0], name+" ") {
		return 0, nil, "", fmt.Errorf("the proof does not say its %s", name)
	}
	if number, err = strconv.ParseInt(strings.TrimPrefix(lines[0], name+" "), 10, 64); err != nil {
		return 0, nil, "", err
	}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, "", err
		}
		hashes = append(hashes, hash)
	}
	return number, hashes, checkpoint, nil
}

func inclusion(key, proofFile, eventFile string) error {
	text, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	event, err := os.ReadFile(eventFile)
	if err != nil {
		return err
	}
	index, hashes, checkpoint, err := split(string(text), "c2sp.org/tlog-proof@v1\n", "index")
	if err != nil {
		return err
	}
	tree, err := open(key, []byte(checkpoint))
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(event)); err != nil {
		return err
	}
	fmt.Printf("included: leaf %d of %d\n", index, tree.N)
	return nil
}

func consistency(key, oldFile, proofFile string) error {
	text, err := os.ReadFile(oldFile)
	if err != nil {
		return err
	}
	old, err := open(key, text)
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	from, hashes, checkpoint, err := split(string(proof), "", "old")
	if err != nil {
		return err
	}
	if from != old.N {
		return fmt.Errorf("the proof is of %d events, and the checkpoint covers %d", from, old.N)
	}
	tree, err := open(key, []byte(checkpoint))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return err
	}
	fmt.Printf("consistent: %d events grew out of %d\n", tree.N, old.N)
	return nil
}

func tiles(key, oldFile, url string) error {
	text, err := os.ReadFile(oldFile)
	if err != nil {
		return err
	}
	old, err := open(key, text)
	if err != nil {
		return err
	}
	text, err = get(url + "/checkpoint")
	if err != nil {
		return err
	}
	tree, err := open(key, text)
	if err != nil {
		return err
	}
	// The reader checks every tile against the root before anything is read from it.
	hashes := tlog.TileHashReader(tree, served{url})
	root, err := tlog.TreeHash(old.N, hashes)
	if err != nil {
		return err
	}
	if root != old.Hash {
		return fmt.Errorf("the first %d events are not those of the old checkpoint: the past was rewritten", old.N)
	}
	fmt.Printf("consistent: %d events grew out of %d\n", tree.N, old.N)
	return nil
}

// served reads tiles as c2sp.org/tlog-tiles lays them out.
type served struct{ url string }

func (served) Height() int { return 8 }

func (s served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		// Go's paths name the height, which is always 8 here.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := get(s.url + "/" + path)
		if err != nil {
			return nil, err
		}
		read = append(read, bytes)
	}
	return read, nil
}

func (served) SaveTiles([]tlog.Tile, [][]byte) {}

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}
