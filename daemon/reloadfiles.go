package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/parser"
)

// validated reads the files anew, for a reload. Where reload_check_config is set the text is checked as -t does, and
// refused when that finds any fault.
func validated(o Options, log string) (configuration, error) {
	text := read(o)
	if log == "" {
		return text.decode(hostEnv())
	}
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return configuration{}, fmt.Errorf("reload_check_config: %w", err)
	}
	defer func() { _ = out.Close() }()
	c, status := judge(o, text, out)
	if status != exitOK {
		//lint:ignore ST1005 the text is a contract
		return c, fmt.Errorf("New config failed validation, see %s for details", log)
	}
	return text.decode(hostEnv())
}

// judge checks a text as -t does, writes what there is to say and gives the exit status.
func judge(o Options, text readText, out io.Writer) (configuration, int) {
	c, status, err := examine(o, text)
	if err != nil {
		fmt.Fprintln(out, err)
	}
	printDiagnostics(out, c.diagnostics)
	return c, status
}

// examine gives a text its meaning as -t does, with the exit status. The error says that there is no text, or what
// could not be looked at.
func examine(o Options, text readText) (configuration, int, error) {
	env := accountsEnv()
	env.Resolve = resolver(resolvePatience)
	var unseen error
	if err := addLinks(&env, wantedNamespace(o, text.text)); err != nil {
		unseen = fmt.Errorf("interfaces are not looked at: %w", err)
	}
	c, err := text.decode(env)
	if err != nil {
		return c, exitNoConfig, errors.Join(unseen, err)
	}
	status := exitStatus(c.diagnostics)
	if status == exitOK && !o.facilityKnown() {
		status = int(parser.StatusConfig) // upstream counts it as a fault of the configuration
	}
	return c, status, unseen
}

// reloadFile is the path of reload_file, "" without it.
func (p *parent) reloadFile(g config.Global) string {
	if g.ReloadFile != config.DefaultReloadFile {
		return g.ReloadFile
	}
	stem := "keepalived"
	if g.InstanceName != "" {
		stem += "_" + g.InstanceName
	}
	folder := "/run"
	if len(p.folders) > 0 {
		folder = p.folders[len(p.folders)-1]
	}
	return filepath.Join(folder, stem+".reload")
}

// readingBegins makes reload_file, or empties it: whoever changes the configuration is to wait.
func (p *parent) readingBegins() {
	path := p.reloadFile(p.current.config.Global)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o644)
	if err == nil {
		err = errors.Join(f.Chmod(0o644), f.Close()) // whatever the umask
	}
	if err != nil {
		p.log.Warnf("Failed to create reload file: %v", err)
	}
}

// readingEnds takes reload_file away, also the one that the new text names.
func (p *parent) readingEnds(next config.Global) {
	for _, path := range []string{p.reloadFile(p.current.config.Global), p.reloadFile(next)} {
		if path != "" {
			_ = os.Remove(path) // it need not be there
		}
	}
}

// saveText keeps a copy of a text that was read in config_save_dir. The copies are numbered.
func (p *parent) saveText(c configuration) {
	number := p.saved
	p.saved++
	folder := c.config.Global.ConfigSaveDir
	if folder == "" || c.text == nil {
		return
	}
	err := os.Mkdir(folder, 0o700)
	if err == nil {
		err = os.Chmod(folder, 0o700) // whatever the umask
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		p.log.Warnf("config_save_dir: %v", err)
		return
	}
	file := filepath.Join(folder, fmt.Sprintf("keepalived.conf.%d.%d", os.Getpid(), number))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err == nil {
		_, err = f.WriteString(c.text.String())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		p.log.Warnf("config_save_dir: %v", err)
	}
}

// textFile is a text for a child: in memory, or with tmp_config_directory in a file there that has no name.
func (p *parent) textFile(c configuration) (*os.File, error) {
	folder := c.config.Global.TmpConfigDirectory
	if folder == "" {
		return sealedText(c.text)
	}
	f, err := unnamedText(folder, c.text)
	if err != nil {
		p.log.Warnf("tmp_config_directory: %v: the configuration stays in memory", err)
		return sealedText(c.text)
	}
	return f, nil
}

// unnamedText writes a text to a file without a name, which is only read from then on.
func unnamedText(folder string, text *parser.Text) (*os.File, error) {
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a file in %s: %w", folder, err)
	}
	f := os.NewFile(uintptr(fd), folder)
	defer func() { _ = f.Close() }()
	if _, err := text.WriteTo(f); err != nil {
		return nil, fmt.Errorf("writing to a file in %s: %w", folder, err)
	}
	return os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
}
