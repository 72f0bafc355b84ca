using Lumos.Drivers.Tools;
using Lumos.LiveImage.ZoneImages;
using Xunit;

namespace Lumos.LiveImage.Tests;

/// <summary>The list that a build of images leaves beside them, as a reader checks it: by ssh-keygen and sha256sum.</summary>
public sealed class ImageSumsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-sums-").FullName;

    public ImageSumsTests()
    {
        Directory.CreateDirectory(Images);
        File.WriteAllText(Path.Combine(Images, "base-1.0.json"), "{}");
        File.WriteAllText(Path.Combine(Images, "base-1.0.zfs.gz"), "stream");
    }

    private string Images => Path.Combine(_folder, "images");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Sign(string builder = "builder") => ImageSums.Write(new BuildLog(Path.Combine(_folder, "log")), Images, Path.Combine(_folder, builder));

    private ToolResult InImages(string command) => Tool.Run("sh", "-c", $"cd '{Images}' && {command}");

    // The line of images/README.md.
    private ToolResult Verify(string signers = "SHA256SUMS.signers") =>
        InImages($"ssh-keygen -Y verify -f {signers} -I lumos-images -n lumos-images -s SHA256SUMS.sig < SHA256SUMS");

    [Fact]
    public void The_list_is_whole_and_its_signature_is_the_builders()
    {
        Sign();
        Verify().OrThrow();
        InImages("sha256sum --check --strict SHA256SUMS").OrThrow();
        Assert.Equal(["base-1.0.json", "base-1.0.zfs.gz"], File.ReadLines(Path.Combine(Images, "SHA256SUMS")).Select(l => l[66..]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "builder/image-key")));
    }

    [Fact]
    public void A_list_that_was_changed_or_that_another_signed_does_not_pass()
    {
        Sign();
        File.AppendAllText(Path.Combine(Images, "SHA256SUMS"), $"{new string('0', 64)}  evil\n");
        Assert.False(Verify().Succeeded);
        File.Copy(Path.Combine(Images, "SHA256SUMS.signers"), Path.Combine(_folder, "trusted"));
        File.Delete(Path.Combine(Images, "SHA256SUMS"));
        Sign("somebody-else");
        Verify().OrThrow();
        Assert.False(Verify("../trusted").Succeeded);
    }

    [Fact]
    public void What_changed_is_signed_anew_and_what_did_not_is_left()
    {
        Sign();
        string signature = File.ReadAllText(Path.Combine(Images, "SHA256SUMS.sig"));
        Sign();
        Assert.Equal(signature, File.ReadAllText(Path.Combine(Images, "SHA256SUMS.sig")));
        File.WriteAllText(Path.Combine(Images, "base-1.0.zfs.gz"), "another stream");
        Sign();
        Assert.NotEqual(signature, File.ReadAllText(Path.Combine(Images, "SHA256SUMS.sig")));
        Verify().OrThrow();
        InImages("sha256sum --check --strict SHA256SUMS").OrThrow();
        Sign("another-key"); // the builder's key was lost: the new one signs, though no image has changed
        Verify().OrThrow();
        Assert.Contains(File.ReadAllText(Path.Combine(_folder, "another-key/image-key.pub")).Trim(), File.ReadAllText(Path.Combine(Images, "SHA256SUMS.signers")));
    }
}
