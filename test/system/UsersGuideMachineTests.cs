using Lumos.Testing;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>
/// The payloads and commands of SmartOS's users' guide for hardware virtual machines (how to create an HVM zone, how to create a virtual machine from
/// scratch, managing instances, resizing disks), as they stand there: only UUIDs, addresses, sizes and names of files are this machine's.
/// </summary>
[Collection("06b users guide"), Trait("level", "release")] // minutes where this machine is emulated
public sealed class UsersGuideMachineTests(Suite suite) : MachineTest(suite)
{
    [Fact]
    public void A_machine_is_made_of_an_image_and_its_hardware_changed()
    {
        var image = TinyImage();
        Assert.Contains($"{image}", Do("imgadm avail type=zvol"));
        var vm = Made($$"""
            cat > /tmp/myvmspec <<'EOF'
            {
              "brand": "bhyve",
              "resolvers": [
                "8.8.8.8",
                "8.8.4.4"
              ],
              "ram": "128",
              "vcpus": "1",
              "nics": [
                {
                  "nic_tag": "admin",
                  "ip": "10.0.2.133",
                  "netmask": "255.255.255.0",
                  "gateway": "10.0.2.2",
                  "model": "virtio",
                  "primary": true
                }
              ],
              "disks": [
                {
                  "image_uuid": "{{image}}",
                  "boot": true,
                  "model": "virtio"
                },
                {
                  "model": "virtio",
                  "size": 100
                }
              ],
              "customer_metadata": {
                "cloud-init:user-data": "#cloud-config\n\nusers:\n  - default\n  - name: shaner\n    lock_passwd: false",
                "root_authorized_keys": "ssh-rsa AAAA wooyay@houpla"
              }
            }
            EOF
            vmadm create -f /tmp/myvmspec; rm /tmp/myvmspec
            """);
        Assert.Contains("BHYV", Do($"vmadm list uuid={vm}"));
        Assert.Equal("10.0.2.133 128 1", Do($"vmadm get {vm} | json -a nics.0.ip ram vcpus"));
        Do($"vmadm stop {vm} -F");
        PutCounter(vm);

        // Changing virtual hardware.
        Do($"vmadm update {vm} vcpus=2; vmadm update {vm} ram=160");
        Do($$"""
            cat > /tmp/add_disk.json <<'EOF'
            {
              "add_disks": [
                {
                  "boot": false,
                  "model": "virtio",
                  "block_size": 8192,
                  "size": 64
               }
             ]
            }
            EOF
            vmadm update {{vm}} -f /tmp/add_disk.json; rm /tmp/add_disk.json
            """);
        Assert.Equal("64 8192 virtio", Do($"vmadm get {vm} | json disks | json -a -c 'this.size==64' size block_size model"));
        Do($"echo '{{\"remove_disks\": [\"/dev/zvol/rdsk/zones/{vm}/disk1\"]}}' | vmadm update {vm}");

        // Enlarging a disk with zfs, and the machine as it is then.
        Do($"zfs set volsize=96m zones/{vm}/disk2");
        Do($"vmadm start {vm}");
        WaitForLine(vm, InstallMedium.DiskBooted(1));
        Assert.Contains($"{96 << 20}", Do($"vmadm info {vm} block"));
        Assert.Equal("2", Do($"vmadm info {vm} cpus | json cpus | json length"));
        Assert.Equal("96", Do($"vmadm get {vm} | json disks.1.size"));
        Assert.Contains("\"port\"", Do($"vmadm info {vm} vnc"));
        Assert.Equal($"{96 << 20}", Do($"blockdev --getsize64 /dev/zvol/rdsk/zones/{vm}/disk2"));
        Do($"vmadm reboot {vm} -F");
        WaitForLine(vm, InstallMedium.DiskBooted(2));
        Do($"vmadm stop {vm} -F; vmadm delete {vm}");
        AssertConsistent();
    }

    [Fact]
    public void A_machine_is_installed_from_a_medium_in_its_drive()
    {
        var vm = Made("""
            vmadm create <<'EOF'
            {
              "brand": "kvm",
              "vcpus": 1,
              "autoboot": false,
              "ram": 128,
              "resolvers": ["208.67.222.222", "208.67.220.220"],
              "disks": [
                {
                  "boot": true,
                  "model": "virtio",
                  "size": 64
                }
              ],
              "nics": [
                {
                  "nic_tag": "admin",
                  "model": "virtio",
                  "ip": "10.0.2.151",
                  "netmask": "255.255.255.0",
                  "gateway": "10.0.2.2",
                  "primary": 1
                }
              ]
            }
            EOF
            """);
        Assert.Equal("stopped", Do($"vmadm get {vm} | json state"));
        Ok(Zone.RunWith(Convert.ToBase64String(InstallMedium.Make()), "sh", "-c", $"base64 -d > /zones/{vm}/root/image.iso"));
        Do($"vmadm boot {vm} order=cd,once=d cdrom=/image.iso,ide");
        WaitForLine(vm, InstallMedium.Installed);
        WaitForLine(vm, InstallMedium.DiskBooted(1));
        Assert.Contains("\"display\"", Do($"vmadm info {vm} vnc"));
        Do($"vmadm stop {vm} -F");

        // Add a CD-ROM: a path is meant in the zone's root.
        Do($$"""
            vmadm update {{vm}} <<'EOF'
            {
              "add_disks": [
                    {
                    "boot": false,
                    "model": "ide",
                      "media": "cdrom",
                      "path": "/image.iso"
                    }
                  ]
            }
            EOF
            """);
        Assert.Equal("/image.iso ide", Do($"vmadm get {vm} | json disks | json -a -c 'this.media==\"cdrom\"' path model"));
        Do($"vmadm start {vm}");
        Assert.Contains("\"disk1\"", Do($"vmadm info {vm} block"));
        Do($"vmadm stop {vm} -F; vmadm delete {vm}");
        AssertConsistent();
    }

    /// <summary>Types it; each command has to succeed.</summary>
    private string Do(string script) => Ok(Zone.Shell("set -e\n" + script));

    private Guid Made(string script)
    {
        var run = Zone.Shell("set -e\n" + script);
        Ok(run);
        string last = run.ErrorOutput.Trim().Split('\n')[^1];
        Assert.Matches("^Successfully created VM [0-9a-f-]{36}$", last);
        return Guid.Parse(last[^36..]);
    }
}
