using Lumos.Machine;
using Xunit;

namespace Lumos.Dev.Tests;

public class QemuCommandTests
{
    private static readonly MachineSettings _settings = new(2, 8, 1024, 2, Guid.Parse("11111111-2222-3333-4444-5555667788ab"));
    private static readonly Accelerator _tcg = new(false, "a test");
    private static readonly MachineFolder _folder = new("/tmp/m,1");

    [Fact]
    public void A_direct_boot_names_kernel_archive_and_words()
    {
        var words = QemuCommand.Build(_folder, _settings, new BootSource.Direct("/k", "/b", "console=ttyS0 noimport=true"), _tcg, 4022);
        Assert.Equal("/k", After(words, "-kernel"));
        Assert.Equal("/b", After(words, "-initrd"));
        Assert.Equal("console=ttyS0 noimport=true module_blacklist=kvm_amd", After(words, "-append"));
        Assert.Equal("tcg,thread=multi", After(words, "-accel"));
        Assert.Contains("hostfwd=tcp:127.0.0.1:4022-", After(words, "-netdev"));
        Assert.Equal(2, words.Count(w => w.StartsWith("virtio-blk-pci", StringComparison.Ordinal)));
        Assert.Contains(words, w => w.Contains("mac=52:54:00:77:88:ab", StringComparison.Ordinal));
    }

    [Fact]
    public void Commas_in_paths_are_doubled() =>
        Assert.Contains("/tmp/m,,1/qmp", After(QemuCommand.Build(_folder, _settings, new BootSource.Direct("/k", "/b", ""), _tcg, 1), "-qmp"));

    [Fact]
    public void Uefi_adds_firmware_and_the_ISO_is_booted_first()
    {
        var words = QemuCommand.Build(_folder, _settings, new BootSource.Medium("/iso", "/config", Firmware.Uefi), _tcg, 1);
        Assert.Equal(2, words.Count(w => w.Contains("if=pflash", StringComparison.Ordinal)));
        Assert.Contains(words, w => w.Contains("drive=cd-boot", StringComparison.Ordinal) && w.Contains("bootindex=1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_deep_folder_keeps_its_sockets_within_the_limit_of_unix_paths()
    {
        var deep = new MachineFolder("/" + new string('d', 150) + "/out/machine");
        Assert.True(deep.SshControlSocket.Length + ".0123456789abcdef".Length <= 107);
        Assert.NotEqual(deep.SocketFolder, new MachineFolder(deep.Root + "2").SocketFolder);
    }

    [Fact]
    public void Only_vmx_or_svm_count_as_virtualisation()
    {
        Assert.False(Accelerator.HasVirtualisation(["flags : fpu vme svme", "bugs : vmx"]));
        Assert.True(Accelerator.HasVirtualisation(["flags\t\t: fpu svm sse"]));
    }

    private static string After(IReadOnlyList<string> words, string option) => words[words.ToList().IndexOf(option) + 1];
}
