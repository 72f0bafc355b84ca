using System.Formats.Tar;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>imgadm on the host's own storage.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class ImageTests(SharedRoot shared) : HostedTest(shared)
{
    private const string Second = "5a7e0000-0000-4000-8000-0000000000a2";

    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void An_image_is_installed_listed_and_deleted()
    {
        string manifest = TestImages.Manifest(Second, "second", "zone-dataset", "smartos", TestImages.NativeStream, "gzip");
        string folder = Path.GetDirectoryName(manifest)!;
        _root.Run(["env", "-C", folder, _root.Program("imgadm"), "install", "-m", Path.GetFileName(manifest), "-f", TestImages.NativeStream]).OrThrow();
        Assert.Contains($"{Second} second", _root.Command("imgadm", "list", "-H", "-o", "uuid,name").OrThrow().Output.Replace("  ", " "));
        Assert.Equal(0, _root.Command("imgadm", "get", Second).Status);
        _root.Command("imgadm", "delete", Second).OrThrow();
        Assert.NotEqual(0, _root.Command("imgadm", "get", Second).Status);
        File.Delete(manifest);
    }

    [Fact]
    public void An_image_that_a_VM_was_made_from_is_not_deleted()
    {
        using var vm = HostedVm.Native(_root, new() { ["autoboot"] = false });
        var refused = _root.Command("imgadm", "delete", TestImages.Native);
        Assert.NotEqual(0, refused.Status);
        Assert.Contains(vm.Uuid, refused.ErrorOutput);
        vm.Vmadm("start").OrThrow();
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public async Task An_install_that_is_ended_in_the_middle_leaves_nothing_or_the_next_one_takes_it_away(string signal)
    {
        string archive = Path.Combine(HostedRoot.Temporary, $"many-{signal}.tar");
        using (var tar = new TarWriter(File.Create(archive)))
        {
            for (int i = 0; i < 60_000; i++)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"d{i / 500}/file{i}") { DataStream = new MemoryStream("content"u8.ToArray()) });
            }
        }
        string[] before = Listed();
        var install = Task.Run(() => _root.Command("imgadm", "install", "-q", "-f", archive));
        // In the middle: files of it are there, in the folder where the half image is mounted.
        Wait.For("the unpacking", () => IsUnpacking() || install.IsCompleted);
        Assert.False(install.IsCompleted, "it was too fast for us");
        _root.Run(["kill", $"-{signal}", .. ProcessesOf(archive)]);
        var result = await install;
        Assert.NotEqual(0, result.Status);
        if (signal == "KILL")
        {
            Assert.NotEqual(before, Listed());
            Wait.For("an end of what it had begun", () => _root.Command("imgadm", "vacuum", "-n").OrThrow().Output.Contains("-partial, left of an import", StringComparison.Ordinal));
            _root.Command("imgadm", "install", "-m", TestImages.Manifest(Second, "after", "zone-dataset", "smartos", TestImages.NativeStream, "gzip"), "-f", TestImages.NativeStream).OrThrow();
            _root.Command("imgadm", "delete", Second).OrThrow();
        }
        else
        {
            Assert.Contains("interrupted", result.ErrorOutput);
        }
        Assert.Equal(before, Listed());
        File.Delete(archive);
    }

    private bool IsUnpacking()
    {
        try
        {
            return Directory.EnumerateFiles(_root.Inside("/run/lumos/unpack"), "file*", SearchOption.AllDirectories).Any();
        }
        catch (IOException)
        {
            return false; // not yet
        }
    }

    /// <summary>All datasets' folders, mounts and files that an image in the making has.</summary>
    private string[] Listed() =>
    [
        .. _root.Run([_root.Program("lumos-host"), "exec", "--root", _root.Prefix, "sh", "-c", "find /zones /run/lumos/unpack /var/tmp/.imgadm-downloads -mindepth 1 -maxdepth 1 2>/dev/null | sort; grep -c partial /proc/self/mounts"])
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
    ];

    /// <summary>Who has a file among its words, timeout(1) apart, which tells how it ended.</summary>
    private static string[] ProcessesOf(string file) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).OfType<string>().Where(p => int.TryParse(p, out _) && CommandOf(p) is var words && words.Contains(file) && words[0] != "timeout")];

    private static string[] CommandOf(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [""]; // it has ended
        }
    }

    [Fact]
    public void A_stream_that_is_not_what_its_manifest_says_leaves_nothing()
    {
        string broken = Path.Combine(HostedRoot.Temporary, "broken.gz");
        byte[] bytes = File.ReadAllBytes(TestImages.NativeStream);
        bytes[bytes.Length / 2] ^= 0x40;
        string manifest = TestImages.Manifest(Second, "second", "zone-dataset", "smartos", TestImages.NativeStream, "gzip");
        File.WriteAllBytes(broken, bytes);
        Assert.NotEqual(0, _root.Command("imgadm", "install", "-m", manifest, "-f", broken).Status);
        // And one that its manifest is right about, cut in the middle of the stream.
        File.WriteAllBytes(broken, bytes[..(bytes.Length / 2)]);
        string cut = TestImages.Manifest(Second, "cut", "zone-dataset", "smartos", broken, "gzip");
        Assert.NotEqual(0, _root.Command("imgadm", "install", "-m", cut, "-f", broken).Status);
        Assert.DoesNotContain(Second, _root.Command("imgadm", "list", "-H", "-o", "uuid").OrThrow().Output);
        File.Delete(broken);
        File.Delete(manifest);
        File.Delete(cut);
    }
}
