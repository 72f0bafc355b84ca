using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;
using Lumos.Linux.Spawn;
using Lumos.Linux.Terminals;
using Xunit;

namespace Lumos.Linux.Tests;

public class MountTests
{
    [Fact]
    public void Mountinfo_with_optional_fields_and_escapes()
    {
        var entries = MountTable.Parse(
            "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:3 - ext3 /dev/root rw,errors=continue\n"
            + "40 35 0:5 / /a\\040b\\011c ro - tmpfs none ro\n");
        Assert.Equal(new MountEntry(36, 35, "98:0", "/mnt1", "/mnt2", "rw,noatime", "ext3", "/dev/root", "rw,errors=continue"), entries[0]);
        Assert.Equal(("/a b\tc", true), (entries[1].Target, entries[1].IsReadOnly));
        Assert.Throws<FormatException>(() => MountTable.Parse("36 35 98:0 / /x rw\n"));
    }

    [Fact]
    public void Our_own_table_has_proc() => Assert.Contains(MountTable.Read(), m => m is { Target: "/proc", Type: "proc" });

    [Fact]
    [Trait("level", "host")]
    public void A_tmpfs_is_mounted_bound_and_unmounted()
    {
        string folder = Directory.CreateTempSubdirectory("lumos-mount-").FullName;
        string target = Path.Combine(folder, "t"), bound = Path.Combine(folder, "b");
        Directory.CreateDirectory(target);
        Directory.CreateDirectory(bound);
        Mount.At("tmpfs", target, "tmpfs", MountFlags.NoSuid, "size=1m,mode=755");
        try
        {
            File.WriteAllText(Path.Combine(target, "f"), "x");
            Assert.Equal(FileSystemUsage.TmpfsMagic, FileSystemUsage.Of(target).Magic);
            Assert.Equal(1 << 20, FileSystemUsage.Of(target).Total);
            Mount.Bind(target, bound, readOnly: true);
            Assert.True(MountTable.IsMounted(bound));
            Assert.Throws<IOException>(() => File.WriteAllText(Path.Combine(bound, "g"), "x"));
            Mount.Detach(bound);
            Assert.False(Mount.TryDetach(bound));
        }
        finally
        {
            Mount.TryDetach(bound, lazily: true);
            Mount.Detach(target);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    [Trait("level", "host")]
    public void An_idmapped_tree_shows_owners_as_the_namespace_maps_them()
    {
        string folder = Directory.CreateTempSubdirectory("lumos-idmap-").FullName;
        string target = Path.Combine(folder, "t"), shown = Path.Combine(folder, "s");
        Directory.CreateDirectory(target);
        Directory.CreateDirectory(shown);
        Mount.At("tmpfs", target, "tmpfs");
        using var pipe = Pipe.Create();
        using var child = ChildProcess.Start(new SpawnRequest { Argv = ["unshare", "-U", "cat"], Input = pipe.Read });
        try
        {
            File.WriteAllText(Path.Combine(target, "f"), "x");
            while (Namespace.Identity(child.Pid, NamespaceKinds.User) == Namespace.Identity(Environment.ProcessId, NamespaceKinds.User))
            {
                Thread.Yield();
            }
            File.WriteAllText($"/proc/{child.Pid}/uid_map", "0 131072 65536\n");
            File.WriteAllText($"/proc/{child.Pid}/gid_map", "0 131072 65536\n");
            using var ns = Namespace.Open(child.Pid, NamespaceKinds.User);
            using (var tree = Mount.CloneTree(target))
            {
                Mount.SetAttributes(tree, MountAttributes.NoSuid, ns);
                Mount.Attach(tree, shown);
            }
            Assert.Equal(131072u, FileStatus.Of(Path.Combine(shown, "f")).User);
            Assert.Equal(0u, FileStatus.Of(Path.Combine(target, "f")).User);
        }
        finally
        {
            pipe.Write.Dispose();
            child.Signal(9);
            child.Wait();
            Mount.TryDetach(shown, lazily: true);
            Mount.Detach(target);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    [Trait("level", "host")]
    public void Work_in_another_network_does_not_move_us()
    {
        string own = Namespace.Identity(Environment.ProcessId, NamespaceKinds.Net);
        using var net = Namespace.CreateNet();
        string there = Namespace.RunInNet(net, () => new FileInfo("/proc/thread-self/ns/net").LinkTarget!);
        Assert.NotEqual(own, there);
        Assert.Equal(own, new FileInfo("/proc/thread-self/ns/net").LinkTarget);
        Assert.Throws<InvalidOperationException>(() => Namespace.RunInNet(net, () => throw new InvalidOperationException()));
    }

    [Fact]
    public void The_kernel_says_who_it_is()
    {
        Assert.Equal("Linux", Kernel.Name().System);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), Kernel.Name().Release);
        var load = Kernel.Load();
        Assert.InRange(load.Uptime.TotalSeconds, 1, 1e9);
        Assert.InRange(load.FreeMemory, 1, load.TotalMemory);
    }

    [Fact]
    public void A_pseudo_terminal_has_a_size_and_a_raw_mode()
    {
        var (master, slavePath) = Terminal.OpenPseudoTerminal();
        using (master)
        {
            using var slave = FileDescriptorIo.Open(slavePath, OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
            Assert.True(Terminal.IsTerminal(slave));
            Terminal.SetSize(master, new TerminalSize(132, 43));
            Assert.Equal(new TerminalSize(132, 43), Terminal.GetSize(slave));
            Span<byte> buffer = stackalloc byte[16];
            using (Terminal.MakeRaw(slave))
            {
                slave.WriteAll("a\n"u8);
                Assert.Equal("a\n"u8, buffer[..master.Read(buffer)]);
            }
            slave.WriteAll("a\n"u8);
            Assert.Equal("a\r\n"u8, buffer[..master.Read(buffer)]);
        }
        using var pipe = Pipe.Create();
        Assert.False(Terminal.IsTerminal(pipe.Read));
    }
}
