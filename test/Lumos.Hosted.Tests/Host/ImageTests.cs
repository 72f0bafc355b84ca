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
