using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Tools;
using Lumos.Images.Store;
using Lumos.Images.Tests.Archives;
using Lumos.Linux.Files;
using Xunit;

namespace Lumos.Images.Tests.Files;

/// <summary>imgadm install of plain files onto a real storage: archives become file systems, disks become volumes.</summary>
[Trait("level", "host")]
public sealed class FileInstallTests(BtrfsMachine machine) : IClassFixture<BtrfsMachine>
{
    private const long Mebi = 1 << 20;

    [Theory]
    [InlineData("cat")]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("zstd -q")]
    [InlineData("bzip2")]
    public void A_tar_archive_becomes_an_lx_dataset(string compressor)
    {
        // Named as if it were something else: the bytes count.
        string file = machine[$"root-{compressor[..2]}.qcow2"];
        WriteThrough(compressor, new TarBuilder().Directory("./", 0x1ed).Directory("etc").File("etc/motd", "hello " + compressor, user: 7).Directory("sbin").File("sbin/init", "#!", mode: 0x9ed).End(), file);
        var image = machine.Install("-f", file, "name=own", "version=1.0");
        Assert.Equal(("own", "1.0", "lx-dataset", "linux"), (image.Manifest!.Name, image.Manifest.Version, image.Manifest.Type, image.Manifest.Os));
        Assert.Equal("lx", image.Manifest.Requirements.Brand);
        LookIntoClone(image, folder =>
        {
            Assert.Equal("hello " + compressor, File.ReadAllText(Path.Combine(folder, "root/etc/motd")));
            Assert.Equal(7u, FileStatus.Of(Path.Combine(folder, "root/etc/motd")).User);
            Assert.Equal(0x9ed, FileStatus.Of(Path.Combine(folder, "root/sbin/init")).Mode); // set-user-ID
        });
        var values = machine.Store.Datasets.GetProperties(image.DatasetName, "canmount", "mountpoint");
        Assert.Equal(("noauto", machine[$"zones/{image.Uuid}"]), (values["canmount"], values["mountpoint"]));
        Assert.Empty(Directory.GetFileSystemEntries(machine.Paths.Unpacking));
    }

    [Fact]
    public void The_same_file_is_the_same_image()
    {
        string file = machine["twice.tar"];
        File.WriteAllBytes(file, new TarBuilder().File("twice", "x").End());
        var image = machine.Install("-f", file);
        Assert.Contains("already installed", machine.Imgadm("install", "-f", file).Out, StringComparison.Ordinal);
        File.Move(file, machine["thrice.tar"]);
        Assert.Contains($"{image.Uuid}", machine.Imgadm("install", "-f", machine["thrice.tar"], "name=other").Out, StringComparison.Ordinal);
        string own = "11111111-2222-4333-8444-555555555555";
        Assert.Equal(own, machine.Install("-f", machine["thrice.tar"], "uuid=" + own).Uuid.ToString());
    }

    [Fact]
    public void A_hostile_archive_leaves_nothing()
    {
        string file = machine["hostile.tar.gz"];
        WriteThrough("gzip", new TarBuilder().File("good", "x").File("../../../../evil", "x").End(), file);
        Assert.Contains("archive hostile.tar.gz is refused: its entry \"../../../../evil\"", machine.Refused("-f", file), StringComparison.Ordinal);
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..60]);
        Assert.Contains("hostile.tar.gz", machine.Refused("-f", file), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_image_does_not_carry_is_told()
    {
        string file = machine["devices.tar"];
        File.WriteAllBytes(file, new TarBuilder().Directory("dev").Device("dev/null", '3', 1, 3).End());
        var result = machine.Imgadm("install", "-f", file);
        Assert.Equal(0, result.Status);
        Assert.Contains("devices below /dev", result.Error, StringComparison.Ordinal);
        Assert.Contains("has no /sbin/init", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oci-layout", "oci-archive")]
    [InlineData("manifest.json", "docker-archive")]
    public void A_container_image_is_pointed_at_its_own_command(string entry, string kind)
    {
        string file = machine[kind + ".tar"];
        File.WriteAllBytes(file, new TarBuilder().File(entry, "{}").Directory("blobs").End());
        Assert.Contains($"imgadm import {kind}:{file}", machine.Refused("-f", file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qcow2", "")]
    [InlineData("qcow2", "compat=0.10")]
    [InlineData("qcow2", "extended_l2=on")]
    [InlineData("qcow2 -c", "")]
    [InlineData("vmdk", "")]
    [InlineData("vmdk", "subformat=streamOptimized")]
    [InlineData("vhdx", "")]
    public void A_disk_of_another_machine_becomes_a_volume(string format, string options)
    {
        string raw = machine["disk.raw"], file = machine[$"disk-{format.Split(' ')[0]}-{options}.img"];
        MakeDisk(raw);
        Tool.Run("sh", "-c", $"qemu-img convert -O {format} {(options.Length > 0 ? "-o " + options : "")} '{raw}' '{file}'").OrThrow();
        var image = machine.Install("-f", file);
        Assert.Equal(("zvol", 9L, true), (image.Manifest!.Type, image.Manifest.ImageSize, image.IsVolume));
        AssertClone(image, raw, 9 * Mebi);
        Assert.Empty(Directory.GetFileSystemEntries(machine.Paths.Downloads));
    }

    [Theory]
    [InlineData("cat")]
    [InlineData("gzip")]
    [InlineData("xz")]
    public void A_raw_disk_becomes_a_volume(string compressor)
    {
        string raw = machine["plain.raw"], file = machine["plain." + compressor];
        MakeDisk(raw);
        File.AppendAllText(raw, compressor); // another digest, and a length that is no whole MiB
        WriteThrough(compressor, File.ReadAllBytes(raw), file);
        AssertClone(machine.Install("-f", file, "os=bsd"), raw, 9 * Mebi);
    }

    [Fact]
    public void A_manifest_that_says_zvol_takes_a_qcow2_file_and_may_ask_for_more_room()
    {
        string raw = machine["m.raw"], file = machine["m.qcow2"], manifest = machine["m.json"];
        MakeDisk(raw);
        Tool.Run("qemu-img", "convert", "-O", "qcow2", raw, file).OrThrow();
        string sha1 = Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(File.ReadAllBytes(file)));
        string uuid = Guid.NewGuid().ToString();
        string Manifest(int size, string type = "zvol") => $$"""
            {"v":2,"uuid":"{{uuid}}","name":"m","version":"1","type":"{{type}}","os":"linux","image_size":{{size}},"nic_driver":"virtio","disk_driver":"virtio",
             "files":[{"sha1":"{{sha1}}","size":{{new FileInfo(file).Length}},"compression":"none"}]}
            """;
        File.WriteAllText(manifest, Manifest(5));
        Assert.Contains("needs 9 MiB", machine.Refused("-m", manifest, "-f", file), StringComparison.Ordinal);
        File.WriteAllText(manifest, Manifest(9, "lx-dataset"));
        Assert.Contains("becomes an image of type zvol", machine.Refused("-m", manifest, "-f", file), StringComparison.Ordinal);
        File.WriteAllText(manifest, Manifest(20));
        AssertClone(machine.Install("-m", manifest, "-f", file), raw, 20 * Mebi);
        File.AppendAllText(file, "x");
        File.WriteAllText(manifest, Manifest(20).Replace(uuid, Guid.NewGuid().ToString(), StringComparison.Ordinal));
        Assert.Contains("is not the file of image", machine.Refused("-m", manifest, "-f", file), StringComparison.Ordinal);
    }

    [Fact]
    public void Disks_that_lead_elsewhere_are_refused()
    {
        string secret = machine["secret.raw"];
        MakeDisk(secret);
        string backed = machine["backed.qcow2"];
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", backed).OrThrow();
        Assert.Contains("backed.qcow2 stands on a backing file", machine.Refused("-f", backed), StringComparison.Ordinal);
        string split = machine["split.qcow2"];
        Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", $"data_file={machine["data.raw"]},data_file_raw=on", split, "9M").OrThrow();
        Assert.Contains("keeps its content in another file", machine.Refused("-f", split), StringComparison.Ordinal);
        string flat = machine["flat.vmdk"];
        Tool.Run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=monolithicFlat", secret, flat).OrThrow();
        Assert.Contains("flat.vmdk is only the description", machine.Refused("-f", flat), StringComparison.Ordinal);
        string difference = machine["difference.vmdk"];
        Tool.Run("qemu-img", "convert", "-O", "vmdk", secret, machine["whole.vmdk"]).OrThrow();
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", machine["whole.vmdk"], "-F", "vmdk", difference).OrThrow();
        Assert.Contains("is the difference to another disk", machine.Refused("-f", difference), StringComparison.Ordinal);
        // A sparse vmdk without a capacity makes qemu-img look for a text with the names of other files.
        byte[] hidden = File.ReadAllBytes(machine["whole.vmdk"]);
        hidden.AsSpan(12, 8).Clear();
        File.WriteAllBytes(machine["hidden.vmdk"], hidden);
        Assert.Contains("without a capacity", machine.Refused("-f", machine["hidden.vmdk"]), StringComparison.Ordinal);
        // Raw content that is a qcow2 disk: the format is not probed twice.
        string nested = machine["nested.qcow2"];
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", backed, nested).OrThrow();
        var image = machine.Install("-f", nested);
        AssertClone(image, backed, image.Manifest!.ImageSize!.Value * Mebi);
    }

    [Fact]
    public void Disks_that_are_damaged_are_refused()
    {
        string raw = machine["d.raw"], file = machine["d.qcow2"], cut = machine["cut.qcow2"];
        MakeDisk(raw);
        Tool.Run("qemu-img", "convert", "-O", "qcow2", raw, file).OrThrow();
        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(cut, bytes[..^(100 << 10)]);
        Assert.Contains("cut.qcow2 is damaged or cut short", machine.Refused("-f", cut), StringComparison.Ordinal);
        bytes.AsSpan(64 << 10, 128 << 10).Fill(0x5a);
        File.WriteAllBytes(cut, bytes);
        Assert.Contains("cut.qcow2 is damaged or cut short: it cannot be read as a qcow2 disk", machine.Refused("-f", cut), StringComparison.Ordinal);
        byte[] huge = File.ReadAllBytes(file);
        huge.AsSpan(24, 8).Clear();
        huge[25] = 0x40; // 2^54 bytes
        File.WriteAllBytes(cut, huge);
        Assert.Contains("cut.qcow2", machine.Refused("-f", cut), StringComparison.Ordinal);
        // gzip: an end that is cut off
        string packed = machine["p.gz"];
        WriteThrough("gzip", File.ReadAllBytes(raw), packed);
        File.WriteAllBytes(packed, File.ReadAllBytes(packed)[..^2000]);
        Assert.Contains("cannot decompress", machine.Refused("-f", packed), StringComparison.Ordinal);
        // One of two parts, as some archivers write it, is whole.
        Tool.Run("sh", "-c", $"(head -c 4M '{raw}' | gzip; tail -c +4194305 '{raw}' | gzip) > '{packed}'").OrThrow();
        AssertClone(machine.Install("-f", packed), raw, 9 * Mebi);
    }

    [Fact]
    public void What_is_of_no_known_kind_is_refused_with_what_is()
    {
        string file = machine["noise"];
        File.WriteAllBytes(file, TestImage.Noise(5000));
        Assert.Contains("of no kind that is known here: a tar archive, a disk (qcow2, vmdk, vhdx, raw", machine.Refused("-f", file), StringComparison.Ordinal);
        File.WriteAllText(file, "");
        Assert.Contains("is empty", machine.Refused("-f", file), StringComparison.Ordinal);
        File.WriteAllBytes(file, new TarBuilder().File("x").End());
        Assert.Contains("type must be one of", machine.Refused("-f", file, "type=nonsense"), StringComparison.Ordinal);
        Assert.Contains("becomes an image of type lx-dataset or zone-dataset, not zvol", machine.Refused("-f", file, "type=zvol", "image_size=1", "nic_driver=v", "disk_driver=v"), StringComparison.Ordinal);
        Assert.Equal(2, machine.Imgadm("install", "-f", file, "nonsense").Status);
        Assert.Equal(2, machine.Imgadm("install", "-f", file, "files=[]").Status);
    }

    /// <summary>A disk of 8 MiB and a bit: a table of partitions, something here and there, and much of nothing.</summary>
    private static void MakeDisk(string path)
    {
        byte[] disk = new byte[(8 << 20) + 4096];
        TestImage.Noise(70_000).CopyTo(disk, 1 << 20);
        TestImage.Noise(5_000).CopyTo(disk, (8 << 20) - 1000);
        disk[510] = 0x55;
        disk[511] = 0xaa;
        File.WriteAllBytes(path, disk);
    }

    private static void WriteThrough(string compressor, byte[] content, string path)
    {
        string plain = path + ".plain";
        File.WriteAllBytes(plain, content);
        Tool.Run("sh", "-c", $"{compressor} < '{plain}' > '{path}'").OrThrow();
        File.Delete(plain);
    }

    /// <summary>What a clone's device gives is the disk, then zeros.</summary>
    private void AssertClone(InstalledImage image, string raw, long size)
    {
        var clone = DatasetName.Parse("zones").Child("clone");
        machine.Store.Datasets.Clone(image.FinalSnapshot, clone);
        try
        {
            using var device = File.OpenRead(machine.Paths.VolumeDevice(clone));
            byte[] bytes = new byte[size + 1];
            Assert.Equal(size, device.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            byte[] wanted = File.ReadAllBytes(raw);
            Assert.True(bytes.AsSpan(0, wanted.Length).SequenceEqual(wanted), "the clone's bytes are not the disk's");
            Assert.False(bytes.AsSpan(wanted.Length).ContainsAnyExcept((byte)0));
        }
        finally
        {
            machine.Store.Datasets.Destroy(clone);
            Assert.Equal(0, machine.Imgadm("delete", image.Uuid.ToString()).Status);
        }
    }

    private void LookIntoClone(InstalledImage image, Action<string> look)
    {
        var clone = DatasetName.Parse("zones").Child("clone");
        machine.Store.Datasets.Clone(image.FinalSnapshot, clone);
        try
        {
            look(machine["zones/clone"]);
        }
        finally
        {
            machine.Store.Datasets.Destroy(clone);
        }
    }
}
