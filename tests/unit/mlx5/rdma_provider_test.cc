// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/rdma_provider.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "tests/unit/mlx5/fake_ib_device.h"

namespace esw::mlx5 {
namespace {

using test::FakeIbDevice;

const DevlinkHandle kEswitch{"pci", "0000:08:00.0"};
constexpr uint32_t kOwner = 1;  // vhca_id of the PF

class RdmaProviderTest : public testing::Test {
protected:
    RdmaProviderTest() {
        device_->attach(FakeIbDevice::kUplink, kOwner);
        device_->attach(4, kOwner);
    }

    LoadTarget target(uint16_t vport) {
        LoadTarget target;
        target.ref = {kEswitch, *RepId::parse(vport == FakeIbDevice::kUplink
                                                  ? "p0"
                                                  : "pf0vf" + std::to_string(vport - 1))};
        target.port.handle = kEswitch;
        target.port.index = kOwner << 16 | vport;
        return target;
    }
    void expect_error(int code, const std::string& stage, const std::string& detail,
                      uint16_t vport = 4) {
        const auto loaded = provider_.load(target(vport));
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code, code);
        EXPECT_EQ(loaded.error().stage, stage);
        EXPECT_EQ(loaded.error().detail, detail);
    }

    std::shared_ptr<FakeIbDevice> device_ = std::make_shared<FakeIbDevice>(16, 8);
    int opens_ = 0;
    Error open_error_;
    RdmaProvider provider_{
        kEswitch, 7, [this](const DevlinkHandle& parent) -> Result<std::shared_ptr<IbDevice>> {
            EXPECT_EQ(parent, kEswitch);
            ++opens_;
            if (open_error_.code) {
                return fail(open_error_);
            }
            return std::shared_ptr<IbDevice>(device_);
        }};
};

TEST_F(RdmaProviderTest, TheDeviceIsOpenedAtTheFirstLoadAndOnce) {
    EXPECT_EQ(opens_, 0);
    EXPECT_EQ(provider_.device(), nullptr);
    EXPECT_TRUE(provider_.load(target(FakeIbDevice::kUplink)));
    EXPECT_TRUE(provider_.load(target(4)));
    EXPECT_EQ(opens_, 1);
    EXPECT_EQ(provider_.device(), device_);
}

TEST_F(RdmaProviderTest, ALoadSaysWhatRulesNeed) {
    const auto loaded = provider_.load(target(4));
    ASSERT_TRUE(loaded);
    ASSERT_TRUE(loaded->rdma);
    EXPECT_EQ(loaded->rdma->device_generation, 7U);
    EXPECT_EQ(loaded->rdma->device, "mlx5_0");
    EXPECT_EQ(loaded->rdma->port, device_->port_of(4, kOwner));
    EXPECT_EQ(loaded->rdma->vport, 4);
    EXPECT_EQ(loaded->rdma->metadata->mask, 0xffff0000U);
    EXPECT_EQ(loaded->rdma->metadata->value, device_->port_of(4, kOwner) << 16);
}

TEST_F(RdmaProviderTest, ARepresentorWithoutPortIsTriedAgainLater) {
    expect_error(EAGAIN, "query port", "no RDMA port yet", 5);
    device_->attach(5, kOwner);
    EXPECT_TRUE(provider_.load(target(5)));
}

TEST_F(RdmaProviderTest, ADeviceThatIsGoneBeforeItIsOpened) {
    for (const int code : {ENODEV, ENXIO, EIO, ENOENT}) {
        open_error_ = {code, "mlx5_0", "open", "whatever"};
        expect_error(EAGAIN, "open", "rdma device is gone");
    }
    open_error_ = {};
    EXPECT_TRUE(provider_.load(target(4)));
}

TEST_F(RdmaProviderTest, WhatElseKeepsTheDeviceShutIsSaid) {
    open_error_ = {EMFILE, "mlx5_0", "open", "its events cannot be read"};
    expect_error(EMFILE, "open", "its events cannot be read");
}

TEST_F(RdmaProviderTest, ADeviceThatDiesBetweenLoads) {
    EXPECT_TRUE(provider_.load(target(4)));
    EXPECT_FALSE(provider_.device_gone());
    device_->die();
    EXPECT_TRUE(provider_.device_gone());
    expect_error(EAGAIN, "query port", "rdma device is gone");
    EXPECT_EQ(opens_, 1);  // the next generation is another provider's
}

TEST_F(RdmaProviderTest, ADeviceThatDiesUnheardIsKnownByItsErrors) {
    EXPECT_TRUE(provider_.load(target(4)));
    device_->die_unheard();
    expect_error(EAGAIN, "query port", "rdma device is gone");
}

TEST_F(RdmaProviderTest, WhatWasLoadedOutlivesProviderAndDevice) {
    RdmaRepPtr rep;
    {
        RdmaProvider provider(kEswitch, 1, [this](const DevlinkHandle&) {
            return Result<std::shared_ptr<IbDevice>>(std::move(device_));
        });
        rep = provider.load(target(4))->rdma;
    }
    EXPECT_EQ(device_, nullptr);
    EXPECT_EQ(rep->vport, 4);
}

}  // namespace
}  // namespace esw::mlx5
