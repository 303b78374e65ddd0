package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// pidFolder is where pid files are when there may be several daemons on a host, or use_pid_dir says so.
const pidFolder = "/run/keepalived"

// instanceName tells the daemons of a host apart: the network namespace and the instance, as far as they have names,
// with _ between them. It is part of syslog's ident, and with data_use_instance of the names of dumps.
func instanceName(o Options, g config.Global) string {
	var words []string
	for _, word := range []string{namespaceOf(o, g), g.InstanceName} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, "_")
}

// namespaceOf is the name of the network namespace that the daemon runs in: that of -s, else of net_namespace.
func namespaceOf(o Options, g config.Global) string {
	if o.Namespace != "" {
		return o.Namespace
	}
	return g.NetNamespace
}

// instanceName is that of this daemon, which no reload changes.
func (p *parent) instanceName() string { return instanceName(p.options, p.current.config.Global) }

// takePlace settles, for the life of the daemon, where its pid files are and what the log calls it.
func (p *parent) takePlace() error {
	o, g := &p.options, p.current.config.Global
	if o.Namespace != "" && g.NetNamespace != "" {
		p.log.Infof("Overriding config net_namespace '%s' with command line namespace '%s'", g.NetNamespace, o.Namespace)
	}
	if name := namespaceOf(*o, g); name != "" {
		// What was read before it was decoded said so, too. Where it did not, addresses would go to the wrong host.
		if inside, err := insideNamespace(name); err != nil || !inside {
			return fmt.Errorf("this process is not in network namespace %s: %w", name, errors.Join(err, os.ErrInvalid))
		}
	}
	if suffix := p.instanceName(); suffix != "" {
		p.log.Infof("Changing syslog ident to %s", roleParent.ident()+"_"+suffix)
		p.log.rename(suffix)
	}
	p.folders = o.movePIDFiles(g)
	return nil
}

// movePIDFiles gives every pid file that nobody has named its place under a configuration. It returns the folders that
// are to be there for it.
func (o *Options) movePIDFiles(g config.Global) (folders []string) {
	if !g.UsePidDir && instanceName(*o, g) == "" {
		return nil
	}
	folders = []string{pidFolder}
	if name := namespaceOf(*o, g); name != "" {
		folders = append(folders, filepath.Join(pidFolder, name))
	}
	for _, file := range o.pidFiles() {
		if !file.chosen {
			*file.path = pidFileIn(folders[len(folders)-1], file.stem, g.InstanceName)
		}
	}
	return folders
}

// unchangeable says what a reload wants to change that is settled for the life of the daemon, nil when it wants
// nothing of that.
func (p *parent) unchangeable(next config.Global) error {
	return unchangeable(p.options, p.current.config.Global, next)
}

func unchangeable(o Options, now, next config.Global) error {
	for _, row := range []struct{ what, now, next string }{
		{"network namespace", namespaceOf(o, now), namespaceOf(o, next)},
		{"IPVS network namespace", now.NetNamespaceIPVS, next.NetNamespaceIPVS},
		{"instance name", now.InstanceName, next.InstanceName},
		{"disable_local_igmp", strconv.FormatBool(now.DisableLocalIGMP), strconv.FormatBool(next.DisableLocalIGMP)},
		{"config_directory", now.TmpConfigDirectory, next.TmpConfigDirectory},
	} {
		if row.now != row.next {
			//lint:ignore ST1005 the text is a contract
			return fmt.Errorf("Cannot change %s at a reload - please restart keepalived", row.what)
		}
	}
	return nil
}

// pidFileIn is the path of a pid file.
func pidFileIn(folder, stem, instance string) string {
	if instance != "" {
		stem += "_" + instance
	}
	return filepath.Join(folder, stem+".pid")
}

// pidFileOption is the path of one pid file on the command line.
type pidFileOption struct {
	path   *string
	stem   string // of its usual name
	chosen bool   // somebody has typed the path
}

// pidFiles are the paths of the command line.
func (o *Options) pidFiles() []pidFileOption {
	return []pidFileOption{
		{&o.PIDFile, "keepalived", o.chosen["pid"]},
		{&o.VRRPPIDFile, "vrrp", o.chosen["vrrp_pid"]},
		{&o.CheckPIDFile, "checkers", o.chosen["checkers_pid"]},
		{&o.BFDPIDFile, "bfd", o.chosen["bfd_pid"]},
	}
}

// claim makes the folders of pid files, and claims that of this process.
func (p *parent) claim() (err error) {
	for range claimTries {
		if err = p.makeFolders(); err != nil {
			return err
		}
		// Another daemon may end meanwhile and take the folder away, which was empty.
		if p.pid, err = claimPIDFile(p.options.PIDFile); len(p.folders) == 0 || !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return err
}

const claimTries = 10

// makeFolders makes the folders of pid files, readable for everybody whatever the umask.
func (p *parent) makeFolders() error {
	for _, folder := range p.folders {
		err := os.Mkdir(folder, 0o755)
		if err == nil {
			err = os.Chmod(folder, 0o755)
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("making the folder of pid files: %w", err)
		}
	}
	return nil
}

// removeFolders takes the folders of pid files away that nobody uses any more, whoever made them.
func (p *parent) removeFolders() {
	for _, folder := range slices.Backward(p.folders) {
		_ = unix.Rmdir(folder) // it fails where somebody has a file in it
	}
}
